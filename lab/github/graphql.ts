// The package's index would bring its validation, execution and schema tools into dist/.
import {
  type FieldNode,
  Kind,
  type OperationDefinitionNode,
  parse,
  type SelectionSetNode,
} from 'graphql/language/index.js';
import { valueFromASTUntyped } from 'graphql/utilities/valueFromASTUntyped.js';
import { type ApiRequest, jsonObject, type Reply } from '../google/http.ts';
import type { Comment } from './comments.ts';
import type { GithubState } from './rest.ts';
import { commentUrl, nodeId } from './rest-json.ts';

type Args = Record<string, unknown>;
type Problem = { message: string; type?: string; path?: (string | number)[] };

/** Object types that can be asked for; null marks a scalar. There are no mutations. */
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
 * as GitHub does; every error has HTTP status 200 and `errors`.
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
  let operation: OperationDefinitionNode;
  let invalid: Problem[];
  try {
    operation = onlyOperation(source);
    invalid = validate(operation.selectionSet, operation.operation === 'query' ? 'Query' : 'Mutation');
  } catch (error) {
    return failed([{ message: (error as Error).message }]);
  }
  if (invalid.length > 0) return failed(invalid);

  const given = (body.variables ?? {}) as Args;
  const variables: Args = {};
  for (const { variable, type, defaultValue } of operation.variableDefinitions ?? []) {
    const name = variable.name.value;
    variables[name] = given[name] ?? (defaultValue && valueFromASTUntyped(defaultValue));
    if (type.kind === Kind.NON_NULL_TYPE && (variables[name] ?? null) === null) {
      return failed([{ message: `Variable $${name} was provided invalid value: Expected value to not be null` }]);
    }
  }
  const problems: Problem[] = [];
  const data = select(operation.selectionSet, root(state), variables, [], problems);
  return { status: 200, body: problems.length > 0 ? { data, errors: problems } : { data } };
}

/** Throws a syntax error in the words of graphql-js, or an Error for a document that is not one operation. */
function onlyOperation(source: string): OperationDefinitionNode {
  const [first, ...others] = parse(source, { noLocation: true }).definitions;
  if (first?.kind === Kind.OPERATION_DEFINITION && others.length === 0) return first;
  throw new Error('The lab executes documents of one operation only');
}

/** Throws an Error for fragments and directives, which are outside of what the lab executes. */
function fieldsOf({ selections }: SelectionSetNode): FieldNode[] {
  return selections.map((selection) => {
    if (selection.kind === Kind.FIELD && !selection.directives?.length) return selection;
    throw new Error('The lab executes neither fragments nor directives');
  });
}

function validate(selectionSet: SelectionSetNode, type: string): Problem[] {
  return fieldsOf(selectionSet).flatMap(({ name: { value: name }, selectionSet: inner }) => {
    if (name === '__typename') return [];
    const innerType = TYPES[type]?.[name];
    if (innerType === undefined) {
      // GitHub's words, and then whose schema it is.
      return [{ message: `Field '${name}' doesn't exist on type '${type}' (of the part that the lab plays)` }];
    }
    if (innerType === null) {
      return inner ? [{ message: `Selections can't be made on scalars (field '${name}')` }] : [];
    }
    if (!inner) return [{ message: `Field must have selections (field '${name}' returns ${innerType})` }];
    return validate(inner, innerType);
  });
}

/** A resolver's way to say why a field is null. */
type Null = { problem: Omit<Problem, 'path'> };
// biome-ignore lint/suspicious/noExplicitAny: resolvers hold values of every type of the schema
type Node = Record<string, any>;

function select(
  selectionSet: SelectionSetNode,
  node: Node,
  variables: Args,
  path: (string | number)[],
  problems: Problem[],
): unknown {
  const result: Record<string, unknown> = {};
  for (const { alias, name, arguments: given = [], selectionSet: inner } of fieldsOf(selectionSet)) {
    const key = (alias ?? name).value;
    const here = [...path, key];
    const args = Object.fromEntries(given.map((each) => [each.name.value, valueFromASTUntyped(each.value, variables)]));
    const resolver: unknown = node[name.value];
    const value: unknown = typeof resolver === 'function' ? resolver(args) : resolver;
    if (isNull(value)) {
      problems.push({ ...value.problem, path: here });
      result[key] = null;
    } else if (!inner || value === null) result[key] = value;
    else if (Array.isArray(value)) {
      result[key] = value.map((item, index) => select(inner, item as Node, variables, [...here, index], problems));
    } else result[key] = select(inner, value as Node, variables, here, problems);
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
