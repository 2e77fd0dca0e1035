/**
 * Markdown as models write it: headings, lists, code, quotes, tables, emphasis, links. Makes elements and text nodes only, so a
 * reply can never bring markup, scripts or requests of its own into the page; pictures become links.
 */

import { copyButton } from './clipboard.js';
import { h } from './dom.js';

/**
 * @typedef {object} Block
 * @property {string} source its lines
 * @property {() => HTMLElement} render
 *
 * @typedef {{next: number, render: () => HTMLElement} | null} Reading what starts at a line, and the line after it
 * @typedef {(lines: string[], at: number) => Reading} Reader
 */

const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([^`\s]*)[^`]*$/;
const HEADING = /^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$/;
const RULE = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( *)([-*+]|\d{1,9}[.)])( +|$)/;
const DELIMITERS = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;
const TASK = /^\[([ xX])\]\s+/;

/** Beyond this a paragraph is shown as it is: looking for pairs of marks takes time that grows with its square. */
const LONGEST_PARAGRAPH = 20_000;
const DEEPEST = 12;

/**
 * Shows a text that grows: what has not changed since the last call stays, so that a selection in it stays, too.
 * @param {HTMLElement} element
 * @param {string} text
 */
export function showMarkdown(element, text) {
  const blocks = parse(text);
  const known = shown.get(element) ?? [];
  let same = 0;
  while (same < known.length && same < blocks.length && known[same] === blocks[same].source) {
    same++;
  }
  while (element.childNodes.length > same) {
    element.lastChild?.remove();
  }
  element.append(...blocks.slice(same).map((block) => block.render()));
  shown.set(element, blocks.map((block) => block.source));
}

/** @type {WeakMap<HTMLElement, string[]>} the sources of the blocks that an element shows */
const shown = new WeakMap();

/**
 * @param {string} text
 * @returns {Block[]}
 */
function parse(text) {
  return blocksOf(text.replace(/\r\n?/g, '\n').replace(/\t/g, '    ').split('\n'), 0);
}

/**
 * @param {string[]} lines
 * @param {number} depth of nesting
 * @returns {Block[]}
 */
function blocksOf(lines, depth) {
  const blocks = [];
  let at = 0;
  while (at < lines.length) {
    if (lines[at].trim() === '') {
      at++;
      continue;
    }
    const { next, render } = blockAt(lines, at, depth);
    blocks.push({ source: lines.slice(at, next).join('\n'), render });
    at = next;
  }
  return blocks;
}

/**
 * @param {string[]} lines
 * @param {number} at
 * @param {number} depth
 */
function blockAt(lines, at, depth) {
  const nested = depth < DEEPEST ? quoteAt(lines, at, depth) ?? listAt(lines, at, depth) : null;
  return codeAt(lines, at) ?? headingAt(lines, at) ?? ruleAt(lines, at) ?? tableAt(lines, at) ?? nested ?? paragraphAt(lines, at);
}

/** @type {Reader} */
function codeAt(lines, at) {
  const fence = lines[at].match(FENCE);
  if (!fence) {
    return null;
  }
  const indent = lines[at].length - lines[at].trimStart().length;
  const closing = new RegExp(`^ {0,3}${fence[1][0]}{${fence[1].length},}\\s*$`);
  const found = lines.findIndex((line, i) => i > at && closing.test(line));
  const end = found < 0 ? lines.length : found;
  const code = lines.slice(at + 1, end).map((line) => line.replace(new RegExp(`^ {0,${indent}}`), ''));
  return { next: Math.min(end + 1, lines.length), render: () => codeBlock(code.join('\n'), fence[2]) };
}

/**
 * @param {string} code
 * @param {string} language
 */
function codeBlock(code, language) {
  return h(
    'div',
    { class: 'code' },
    h('div', { class: 'code-bar' }, h('span', {}, language), copyButton(() => code)),
    h('pre', { tabindex: 0, 'aria-label': language ? `Code in ${language}` : 'Code' }, h('code', {}, code)),
  );
}

/** @type {Reader} */
function headingAt(lines, at) {
  const found = lines[at].match(HEADING);
  // The page's own headings are levels 1 and 2.
  return found && { next: at + 1, render: () => h(`h${Math.min(found[1].length + 2, 6)}`, {}, ...inline(found[2])) };
}

/** @type {Reader} */
function ruleAt(lines, at) {
  return RULE.test(lines[at]) ? { next: at + 1, render: () => h('hr') } : null;
}

/**
 * @param {string[]} lines
 * @param {number} at
 * @param {number} depth
 * @returns {Reading}
 */
function quoteAt(lines, at, depth) {
  let next = at;
  while (next < lines.length && QUOTE.test(lines[next])) {
    next++;
  }
  const inner = lines.slice(at, next).map((line) => line.replace(QUOTE, ''));
  return next === at ? null : { next, render: () => h('blockquote', {}, ...rendered(inner, depth)) };
}

/** @type {Reader} */
function tableAt(lines, at) {
  const isTable = lines[at].includes('|') && at + 1 < lines.length && lines[at + 1].includes('-') && DELIMITERS.test(lines[at + 1]);
  const header = isTable ? cells(lines[at]) : [];
  const sides = isTable ? cells(lines[at + 1]).map(side) : [];
  if (!isTable || header.length !== sides.length) {
    return null;
  }
  let next = at + 2;
  while (next < lines.length && lines[next].includes('|')) {
    next++;
  }
  const rows = lines.slice(at + 2, next).map(cells);
  return { next, render: () => table(header, sides, rows) };
}

/**
 * @param {string[]} header
 * @param {string[]} sides
 * @param {string[][]} rows
 */
function table(header, sides, rows) {
  /** @param {string} tag @param {string[]} texts */
  const row = (tag, texts) => h('tr', {}, ...sides.map((name, i) => h(tag, { class: name }, ...inline(texts[i] ?? ''))));
  const body = rows.map((texts) => row('td', texts));
  return h(
    'div',
    { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': 'Table' },
    h('table', {}, h('thead', {}, row('th', header)), h('tbody', {}, ...body)),
  );
}

/** @param {string} line */
function cells(line) {
  const parts = line.trim().replace(/^\|/, '').split(/(?<!\\)\|/);
  if (parts.length > 1 && parts.at(-1)?.trim() === '') {
    parts.pop();
  }
  return parts.map((part) => part.replaceAll('\\|', '|').trim());
}

/** @param {string} delimiter */
function side(delimiter) {
  const [left, right] = [delimiter.startsWith(':'), delimiter.endsWith(':')];
  return right ? (left ? 'middle' : 'right') : 'left';
}

/**
 * @param {string[]} lines
 * @param {number} at
 * @param {number} depth
 * @returns {Reading}
 */
function listAt(lines, at, depth) {
  const first = lines[at].match(ITEM);
  if (!first || first[1].length > 3) {
    return null;
  }
  const ordered = /\d/.test(first[2]);
  /** @type {string[][]} */
  const items = [];
  let next = at;
  while (next < lines.length && isItem(lines[next], ordered, first[1].length)) {
    const end = itemEnd(lines, next);
    items.push(itemLines(lines.slice(next, end)));
    next = end;
    if (lines[next]?.trim() === '' && isItem(lines[next + 1] ?? '', ordered, first[1].length)) {
      next++;
    }
  }
  const start = ordered ? Number.parseInt(first[2], 10) : 1;
  return {
    next,
    render: () =>
      h(ordered ? 'ol' : 'ul', { start: start === 1 ? null : start }, ...items.map((item) => listItem(item, depth))),
  };
}

/**
 * @param {string} line
 * @param {boolean} ordered
 * @param {number} indent
 */
function isItem(line, ordered, indent) {
  const found = line.match(ITEM);
  return found !== null && found[1].length < indent + 2 && /\d/.test(found[2]) === ordered && !RULE.test(line);
}

/**
 * The line after an item: what follows belongs to it while it is indented, or goes on with its paragraph.
 * @param {string[]} lines
 * @param {number} at
 */
function itemEnd(lines, at) {
  const indent = (lines[at].match(ITEM)?.[1].length ?? 0) + 2;
  let next = at + 1;
  while (next < lines.length) {
    const isBlank = lines[next].trim() === '';
    const follows = isBlank ? lines[next + 1] ?? '' : lines[next];
    const isIndented = follows.trim() !== '' && follows.search(/\S/) >= indent;
    if (!isIndented && (isBlank || startsBlock(lines, next))) {
      break;
    }
    next++;
  }
  return next;
}

/** @param {string[]} lines of an item, its mark included */
function itemLines(lines) {
  const mark = lines[0].match(ITEM)?.[0] ?? '';
  const width = Math.max(mark.length, 2);
  return [lines[0].slice(mark.length), ...lines.slice(1).map((line) => line.replace(new RegExp(`^ {0,${width}}`), ''))];
}

/**
 * Its first paragraph stands in the item itself, as in a tight list.
 * @param {string[]} lines
 * @param {number} depth
 */
function listItem(lines, depth) {
  const task = lines[0].match(TASK);
  const text = task ? [lines[0].slice(task[0].length), ...lines.slice(1)] : lines;
  const children = rendered(text, depth);
  const first = children[0]?.tagName === 'P' ? [...children[0].childNodes] : children.slice(0, 1);
  const box = task && h('input', { type: 'checkbox', disabled: true, checked: task[1] !== ' ', 'aria-label': 'Task' });
  return h('li', {}, box, ...first, ...children.slice(1));
}

/**
 * @param {string[]} lines
 * @param {number} depth
 */
function rendered(lines, depth) {
  return blocksOf(lines, depth + 1).map((block) => block.render());
}

/**
 * @param {string[]} lines
 * @param {number} at
 */
function paragraphAt(lines, at) {
  let next = at + 1;
  while (next < lines.length && lines[next].trim() !== '' && !startsBlock(lines, next)) {
    next++;
  }
  const text = lines.slice(at, next).map((line) => line.trimStart()).join('\n').trimEnd();
  return { next, render: () => h('p', {}, ...inline(text)) };
}

/** @type {(lines: string[], at: number) => boolean} */
function startsBlock(lines, at) {
  return [FENCE, HEADING, RULE, QUOTE, ITEM].some((start) => start.test(lines[at])) || tableAt(lines, at) !== null;
}

// --- Within a paragraph ----------------------------------------------------------------------------------------------

/**
 * What a mark at the start of the rest stands for. Marks within words, as in snake_case, are none.
 * @type {{pattern: RegExp, outsideWords?: boolean, make: (found: string[], depth: number) => Node}[]}
 */
const MARKS = [
  { pattern: /^\\([!-/:-@[-`{-~])/, make: ([, sign]) => plain(sign) },
  { pattern: /^(?:\\| {2,})\n/, make: () => h('br') },
  { pattern: /^(`+)(?!`)([^]*?[^`])\1(?!`)/, make: ([, , code]) => h('code', {}, unpadded(code)) },
  { pattern: /^`+/, make: ([ticks]) => plain(ticks) },
  { pattern: /^([*_~])\1{3,}/, make: ([run]) => plain(run) },
  {
    pattern: /^!?\[((?:[^[\]\\]|\\.|\[[^\]]*\])*)\]\(\s*<?([^\s()<>]*(?:\([^\s()]*\)[^\s()<>]*)*)>?(?:\s+["'][^"']*["'])?\s*\)/,
    make: ([whole, text, address], depth) => link(address, within(text || address, depth), whole),
  },
  { pattern: /^<((?:https?:\/\/|mailto:)[^\s<>]+)>/, make: ([whole, address]) => link(address, [plain(address)], whole) },
  {
    pattern: /^https?:\/\/[^\s<>]*[^\s<>.,:;!?'")\]*_~`]/,
    outsideWords: true,
    make: ([address]) => link(address, [plain(address)], address),
  },
  { pattern: /^\*\*\*(?=\S)([^]*?\S)\*\*\*(?!\*)/, make: ([, text], depth) => h('strong', {}, h('em', {}, ...within(text, depth))) },
  { pattern: /^\*\*(?=\S)([^]*?\S)\*\*(?!\*)/, make: ([, text], depth) => h('strong', {}, ...within(text, depth)) },
  { pattern: /^__(?=\S)([^]*?\S)__(?!\w)/, outsideWords: true, make: ([, text], depth) => h('strong', {}, ...within(text, depth)) },
  { pattern: /^\*(?=[^\s*])([^]*?[^\s*])\*(?!\*)/, make: ([, text], depth) => h('em', {}, ...within(text, depth)) },
  { pattern: /^_(?=[^\s_])([^]*?[^\s_])_(?!\w)/, outsideWords: true, make: ([, text], depth) => h('em', {}, ...within(text, depth)) },
  { pattern: /^~~(?=\S)([^]*?\S)~~/, make: ([, text], depth) => h('del', {}, ...within(text, depth)) },
];

/** Where a mark may start, after at least one character that is taken as it is. */
const NEXT_MARK = /[\\`*_~[!<]|https?:|  +\n/;

/**
 * @param {string} text
 * @param {number} [depth] of marks within marks
 * @returns {Node[]}
 */
function inline(text, depth = 0) {
  if (text.length > LONGEST_PARAGRAPH || depth > DEEPEST) {
    return [plain(text)];
  }
  /** @type {Node[]} */
  const nodes = [];
  let unmarked = '';
  let at = 0;
  while (at < text.length) {
    const rest = text.slice(at);
    const inWord = /\w$/.test(text.slice(Math.max(0, at - 1), at));
    const node = markAt(rest, inWord, depth);
    if (node) {
      nodes.push(plain(unmarked), node.made);
      unmarked = '';
      at += node.length;
    } else {
      const skip = rest.slice(1).search(NEXT_MARK);
      const end = skip < 0 ? text.length : at + 1 + skip;
      unmarked += text.slice(at, end);
      at = end;
    }
  }
  return [...nodes, plain(unmarked)].filter((node) => node.nodeType !== Node.TEXT_NODE || node.textContent !== '');
}

/**
 * @param {string} rest
 * @param {boolean} inWord
 * @param {number} depth
 */
function markAt(rest, inWord, depth) {
  for (const { pattern, outsideWords, make } of MARKS) {
    const found = outsideWords && inWord ? null : rest.match(pattern);
    if (found) {
      return { made: make([...found], depth), length: found[0].length };
    }
  }
  return null;
}

/**
 * @param {string} text
 * @param {number} depth
 */
function within(text, depth) {
  return inline(text, depth + 1);
}

/** @param {string} code */
function unpadded(code) {
  const text = code.replaceAll('\n', ' ');
  return /^ .*\S.* $/.test(text) ? text.slice(1, -1) : text;
}

/**
 * A link to elsewhere, if its address is of a harmless kind, else its source.
 * @param {string} address
 * @param {Node[]} children
 * @param {string} source
 */
function link(address, children, source) {
  if (!/^(https?:\/\/|mailto:)/i.test(address)) {
    return plain(source);
  }
  return h('a', { href: address, target: '_blank', rel: 'noopener noreferrer' }, ...children);
}

/** @param {string} text */
function plain(text) {
  return document.createTextNode(text);
}
