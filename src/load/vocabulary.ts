/**
 * Short, common English words, most of them a single token in the usual vocabularies. With the space they come to about four
 * characters a token, the estimate that endpoint pickers use too.
 */
export const WORDS: readonly string[] = (
  'the of and to in is it you that he was for on are as with his they at be this have from or one had by word but ' +
  'not what all were we when your can said an each she do how if will up out them then so some her would make like ' +
  'him into time has look two more go see no way my than who been its now did get may part over new take only ' +
  'work know year live me back give most very just name good man our say low line tell boy old too same he set ' +
  'three want air well also play end put home read hand port add even land here must big high act why ask men ' +
  'went kind off need try us again far sea draw left late run press own sun four self plant keep eye last ' +
  'let city tree cross farm hard start story saw food feet car mile night walk white book got idea fish cold cry ' +
  'dog horse cut sure wood main room egg gas map ice law oil pay red row sky tax war wet zoo arm bag bed bit box ' +
  'bus cup day ear fan fun gap hat hot ink job key lab leg lip lot mix mud net nut oak odd pan pen pet pie pin pot'
).split(' ');
