/** A code block of a Markdown text that a reader can run: js and ts blocks as modules, sh blocks where marked `sh run`. */
export interface Block {
  /** 1-based line of its opening fence. */
  readonly line: number;
  readonly kind: 'module' | 'shell';
  readonly source: string;
}

/** Extract the blocks that can be run, in order. Blocks in other languages, and `sh` without `run`, are for reading. */
export function runnableBlocks(markdown: string): Block[] {
  const blocks: Block[] = [];
  let open: { info: string; line: number; body: string[] } | null = null;
  for (const [index, line] of markdown.split('\n').entries()) {
    if (!line.startsWith('```')) open?.body.push(line);
    else if (open === null) open = { info: line.slice(3).trim(), line: index + 1, body: [] };
    else {
      const kind = /^(ts|js)\b/.test(open.info) ? 'module' : open.info === 'sh run' ? 'shell' : null;
      if (kind !== null) blocks.push({ line: open.line, kind, source: `${open.body.join('\n')}\n` });
      open = null;
    }
  }
  if (open !== null) throw new Error(`line ${open.line}: code block without an end`);
  return blocks;
}
