import type { Nodes } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmTableFromMarkdown } from 'mdast-util-gfm-table';
import { gfmTable } from 'micromark-extension-gfm-table';

/** A sentence of a page. */
export interface Sentence {
  text: string;
  /** Line of the page where its block begins, from 1. */
  line: number;
  words: number;
  /** Whether it stands in a paragraph or a list. Headings and cells of tables are often no whole sentences. */
  isProse: boolean;
}

/** Stands for inline code. The capital lets a sentence begin with it. */
const CODE = 'Code';
const SEGMENTER = new Intl.Segmenter('en', { granularity: 'sentence' });

/**
 * The sentences of a Markdown page. Inline code is one word. Code blocks, HTML and the targets of links are left out; the
 * alternative text of an image counts.
 */
export function sentencesOf(markdown: string): Sentence[] {
  const tree = fromMarkdown(markdown, { extensions: [gfmTable()], mdastExtensions: [gfmTableFromMarkdown()] });
  return blocksIn(tree).flatMap(({ node, isProse }) => {
    const text = textOf(node).replace(/\s+/g, ' ').trim();
    const line = node.position?.start.line ?? 1;
    return sentencesIn(text).map((sentence) => ({ text: sentence, line, words: wordsIn(sentence), isProse }));
  });
}

interface Block {
  node: Nodes;
  isProse: boolean;
}

/** The nodes that hold a text of their own, in order. */
function blocksIn(node: Nodes): Block[] {
  if (node.type === 'paragraph') return [{ node, isProse: true }];
  if (node.type === 'heading' || node.type === 'tableCell') return [{ node, isProse: false }];
  return 'children' in node ? node.children.flatMap((child) => blocksIn(child)) : [];
}

/** What a reader reads of a node. */
function textOf(node: Nodes): string {
  if (node.type === 'text') return node.value;
  if (node.type === 'inlineCode') return CODE;
  if (node.type === 'break') return ' ';
  if (node.type === 'image') return node.alt ?? '';
  return 'children' in node ? node.children.map(textOf).join('') : '';
}

function sentencesIn(text: string): string[] {
  return [...SEGMENTER.segment(text)].map(({ segment }) => segment.trim()).filter((segment) => wordsIn(segment) > 0);
}

/** What stands between spaces and has a letter or a digit in it. */
function wordsIn(text: string): number {
  return text.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
}
