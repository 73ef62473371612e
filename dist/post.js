require('./bundle/index.js').run('post');
