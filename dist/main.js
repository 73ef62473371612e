require('./bundle/index.js').run('main');
