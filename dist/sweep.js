require('./bundle/index.js').run('sweep');
