import { type ApiRequest, jsonObject, type Reply } from '../google/http.ts';
import type { Comment } from './comments.ts';
import { type Field, parseQuery, type Query } from './graphql-parse.ts';
import type { GithubState } from './rest.ts';
import { commentUrl, nodeId } from './rest-json.ts';

type Args = Record<string, unknown>;
type Problem = { message: string; type?: string; path?: (string | number)[] };

/** Object types that can be asked for; null marks a scalar. */
const TYPES: Record<string, Record<string, string | null>> = {
  Query: { repository: 'Repository', viewer: 'Actor' },
  Repository: { id: null, name: null, nameWithOwner: null, pullRequest: 'PullRequest' },
  PullRequest: { id: null, number: null, state: null, url: null, comments: 'IssueCommentConnection' },
  IssueCommentConnection: { totalCount: null, nodes: 'IssueComment', pageInfo: 'PageInfo' },
  PageInfo: { hasNextPage: null, endCursor: null, hasPreviousPage: null, startCursor: null },
  IssueComment: {
    id: null,
    databaseId: null,
    fullDatabaseId: null,
    body: null,
    url: null,
    isMinimized: null,
    minimizedReason: null,
    viewerDidAuthor: null,
    createdAt: null,
    updatedAt: null,
    author: 'Actor',
  },
  Actor: { login: null, url: null },
};

/**
 * GitHub's GraphQL endpoint for one purpose: a pull request's comments, page by page. Validated against `TYPES` first,
 * as GitHub does; every error answers HTTP 200 with `errors`.
 */
export function graphqlApi(request: ApiRequest, state: GithubState): Reply {
  const body = jsonObject(request.body);
  const source = body?.query;
  if (!body || typeof source !== 'string') {
    return {
      status: 400,
      body: { message: 'Problems parsing JSON', documentation_url: 'https://docs.github.com/graphql' },
    };
  }
  let query: Query;
  try {
    query = parseQuery(source);
  } catch (error) {
    return failed([{ message: `Parse error: ${(error as Error).message}` }]);
  }
  const invalid = validate(query.selections, 'Query');
  if (invalid.length > 0) return failed(invalid);

  const given = (body.variables ?? {}) as Args;
  const variables: Args = {};
  for (const { name, required, fallback } of query.variables) {
    variables[name] = given[name] ?? fallback;
    if (required && (variables[name] ?? null) === null) {
      return failed([{ message: `Variable $${name} was provided invalid value: Expected value to not be null` }]);
    }
  }
  const problems: Problem[] = [];
  const data = select(query.selections, root(state), variables, [], problems);
  return { status: 200, body: problems.length > 0 ? { data, errors: problems } : { data } };
}

function validate(fields: Field[], type: string): Problem[] {
  return fields.flatMap((field) => {
    if (field.name === '__typename') return [];
    const inner = TYPES[type]?.[field.name];
    if (inner === undefined) return [{ message: `Field '${field.name}' doesn't exist on type '${type}'` }];
    if (inner === null) {
      if (!field.selections) return [];
      return [{ message: `Selections can't be made on scalars (field '${field.name}')` }];
    }
    if (!field.selections) return [{ message: `Field must have selections (field '${field.name}' returns ${inner})` }];
    return validate(field.selections, inner);
  });
}

/** A resolver's way to say why a field is null. */
type Null = { problem: Omit<Problem, 'path'> };
// biome-ignore lint/suspicious/noExplicitAny: resolvers hold values of every type of the schema
type Node = Record<string, any>;

function select(fields: Field[], node: Node, variables: Args, path: (string | number)[], problems: Problem[]): unknown {
  const result: Record<string, unknown> = {};
  for (const field of fields) {
    const here = [...path, field.key];
    const args = Object.fromEntries(
      Object.entries(field.arguments).map(([key, value]) => [
        key,
        'variable' in value ? variables[value.variable] : value.literal,
      ]),
    );
    const resolver: unknown = node[field.name];
    const value: unknown = typeof resolver === 'function' ? resolver(args) : resolver;
    if (isNull(value)) {
      problems.push({ ...value.problem, path: here });
      result[field.key] = null;
    } else if (!field.selections || value === null) result[field.key] = value;
    else if (Array.isArray(value)) {
      const inner = field.selections;
      result[field.key] = value.map((item, index) =>
        select(inner, item as Node, variables, [...here, index], problems),
      );
    } else result[field.key] = select(field.selections, value as Node, variables, here, problems);
  }
  return result;
}

function isNull(value: unknown): value is Null {
  return value !== null && typeof value === 'object' && 'problem' in value;
}

function root(state: GithubState): Node {
  const { config, comments } = state;
  const [, name = ''] = config.repository.split('/');
  return {
    __typename: 'Query',
    viewer: actor(config.login),
    repository(args: Args): Node {
      const wanted = `${String(args.owner)}/${String(args.name)}`;
      if (wanted.toLowerCase() !== config.repository.toLowerCase()) {
        return notFound(`Could not resolve to a Repository with the name '${wanted}'.`);
      }
      return {
        __typename: 'Repository',
        id: nodeId('R', 812_345_678),
        name,
        nameWithOwner: config.repository,
        pullRequest({ number }: Args): Node {
          if (!config.pullRequests.includes(Number(number))) {
            return notFound(`Could not resolve to a PullRequest with the number of ${String(number)}.`);
          }
          return {
            __typename: 'PullRequest',
            id: nodeId('PR', 2_200_000_000 + Number(number)),
            number: Number(number),
            state: 'OPEN',
            url: `https://github.com/${config.repository}/pull/${String(number)}`,
            comments: (page: Args) => connection(comments.of(Number(number)), page, state),
          };
        },
      };
    },
  };
}

const MAX_PAGE = 100;

function connection(all: Comment[], { first, after }: Args, state: GithubState): Node | Null {
  if (typeof first !== 'number') {
    const message = 'You must provide a `first` or `last` value to properly paginate the `comments` connection.';
    return { problem: { type: 'MISSING_PAGINATION_BOUNDARIES', message } };
  }
  if (first < 0 || first > MAX_PAGE) {
    const message = `Requesting ${first} records on the \`comments\` connection exceeds the \`first\` limit of ${MAX_PAGE} records.`;
    return { problem: { type: 'EXCESSIVE_PAGINATION', message } };
  }
  const rest = typeof after === 'string' ? all.filter((comment) => comment.id > idOf(after)) : all;
  const page = rest.slice(0, first);
  const [start, end] = [page[0], page.at(-1)];
  return {
    __typename: 'IssueCommentConnection',
    totalCount: all.length,
    nodes: page.map((comment) => commentNode(comment, state)),
    pageInfo: {
      __typename: 'PageInfo',
      hasNextPage: rest.length > page.length,
      hasPreviousPage: rest.length < all.length,
      startCursor: start ? cursor(start) : null,
      endCursor: end ? cursor(end) : null,
    },
  };
}

function commentNode(comment: Comment, { config }: GithubState): Node {
  return {
    __typename: 'IssueComment',
    id: nodeId('IC', comment.id),
    databaseId: comment.id,
    fullDatabaseId: String(comment.id),
    body: comment.body,
    url: commentUrl(comment, config.repository),
    isMinimized: comment.minimized,
    minimizedReason: comment.minimized ? 'outdated' : null,
    viewerDidAuthor: comment.author === config.login,
    createdAt: comment.createdAt,
    updatedAt: comment.updatedAt,
    author: actor(comment.author),
  };
}

/** REST says `github-actions[bot]`, GraphQL says `github-actions` of type Bot. */
function actor(login: string): Node {
  const bot = login.endsWith('[bot]');
  const name = bot ? login.slice(0, -'[bot]'.length) : login;
  return {
    __typename: bot ? 'Bot' : 'User',
    login: name,
    url: `https://github.com/${bot ? `apps/${name}` : name}`,
  };
}

function cursor(comment: Comment): string {
  return Buffer.from(`cursor:v2:${comment.id}`).toString('base64');
}

function idOf(after: string): number {
  return Number(Buffer.from(after, 'base64').toString('utf8').split(':').at(-1));
}

function notFound(message: string): Null {
  return { problem: { type: 'NOT_FOUND', message } };
}

function failed(errors: Problem[]): Reply {
  return { status: 200, body: { errors } };
}
