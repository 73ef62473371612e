/** Bodies that a proxy, a captive portal or a broken server sends with a good status, whatever was asked for. */
export const GARBAGE: Readonly<Record<string, string>> = {
  nothing: '',
  blanks: ' \n\t',
  null: 'null',
  'a number': '7',
  'a text': '"x"',
  true: 'true',
  'a list': '[]',
  'a list of nothing': '[null]',
  'an empty object': '{}',
  HTML: '<!DOCTYPE html><html><head><title>Sign in to ::error:: "corp"</title></head><body>ok</body></html>',
  'JSON that ends early': '{"kind":"Pod","apiVersion":"v1","metadata":{"na',
  'two values': '{}{}',
  'a page that nests deeply': `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
  'an error of Google': '{"error":{"code":403,"message":"no","status":"PERMISSION_DENIED"}}',
  'an error of GitHub': '{"message":"Not Found","documentation_url":"https://docs.github.com/rest","status":"404"}',
  'an error of GraphQL': '{"data":null}',
  'a Status': '{"kind":"Status","apiVersion":"v1","status":"Failure","message":"no","reason":"Forbidden","code":403}',
  'fields that are null':
    '{"kind":null,"apiVersion":null,"metadata":null,"items":null,"name":null,"status":null,"id":null,"data":null}',
  'fields of another type':
    '{"kind":7,"metadata":"x","items":{},"name":["x"],"status":{},"nodePools":"x","operations":{},"id":"x","data":7,"tree":7,"object":"x"}',
  'another kind':
    '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"other","namespace":"ns","uid":"u"},"name":"other","status":"RUNNING"}',
  'a page of another kind': '{"kind":"ConfigMapList","apiVersion":"v1","metadata":{},"items":[]}',
};

/** Words of JavaScript's own errors, which nobody should ever read. */
export const OWN_WORDS =
  /is not iterable|undefined|cannot read|is not a function|unexpected|JSON at position|NaN|\[object|not valid JSON/i;
