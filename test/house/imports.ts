import { posix } from 'node:path';
import ts from 'typescript';

/**
 * How one file reaches another. `type` is erased, `static` runs before the file does, `dynamic` later, `worker` names a file that
 * is started in a thread of its own, `asked` is a Node module taken through process.getBuiltinModule, so that bundlers for the
 * browser see no import.
 */
export type EdgeKind = 'type' | 'static' | 'dynamic' | 'worker' | 'asked';

/** One import line. */
export interface Edge {
  /** The importing file, relative to the repository, with slashes. */
  readonly from: string;
  /** A file of the repository (`src/…`), a Node module (`node:…`), a package name, or `?` for a target computed at run time. */
  readonly to: string;
  readonly kind: EdgeKind;
}

/** Read every import of one TypeScript file. @param path relative to the repository. @returns the edges in file order. */
export function importsOf(path: string, source: string): Edge[] {
  const edges: Edge[] = [];
  const add = (target: ts.Node | undefined, kind: EdgeKind): void => {
    const text = target !== undefined && ts.isStringLiteralLike(target) ? target.text : '?';
    edges.push({ from: path, to: resolve(path, text), kind });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, isErased(node.importClause) ? 'type' : 'static');
    else if (ts.isExportDeclaration(node) && node.moduleSpecifier)
      add(node.moduleSpecifier, node.isTypeOnly ? 'type' : 'static');
    else if (ts.isImportEqualsDeclaration(node) && ts.isExternalModuleReference(node.moduleReference))
      add(node.moduleReference.expression, 'static');
    else if (ts.isImportTypeNode(node))
      add(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, 'type');
    else if (ts.isCallExpression(node)) visitCall(node);
    else if (ts.isNewExpression(node) && isOwnUrl(node))
      for (const target of ownUrls(node.arguments?.[0])) add(target, 'worker');
    ts.forEachChild(node, visit);
  };
  const visitCall = (call: ts.CallExpression): void => {
    if (call.expression.kind === ts.SyntaxKind.ImportKeyword) add(call.arguments[0], 'dynamic');
    else if (/\b(getBuiltinModule|createRequire|require)$/.test(call.expression.getText(file)))
      add(call.arguments[0], 'asked');
  };
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true);
  visit(file);
  return edges;
}

/** Under verbatimModuleSyntax only `import type` leaves no trace; `import { type X }` still loads the module. */
function isErased(clause: ts.ImportClause | undefined): boolean {
  return clause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
}

/** `new URL('./worker.js', import.meta.url)`: how a worker's file is named. */
function isOwnUrl(node: ts.NewExpression): boolean {
  return node.expression.getText() === 'URL' && node.arguments?.[1]?.getText() === 'import.meta.url';
}

/** Every file that an own URL may name: both arms where it is `condition ? one : other`. Data files are no imports. */
function ownUrls(node: ts.Node | undefined): (ts.Node | undefined)[] {
  if (node !== undefined && ts.isConditionalExpression(node))
    return [...ownUrls(node.whenTrue), ...ownUrls(node.whenFalse)];
  return node !== undefined && ts.isStringLiteralLike(node) && !/\.[jt]s$/.test(node.text) ? [] : [node];
}

function resolve(from: string, target: string): string {
  if (!target.startsWith('.')) {
    if (target === '?' || target.startsWith('node:')) return target;
    return target.split('/', target.startsWith('@') ? 2 : 1).join('/');
  }
  // Of the two spellings, and of src/ and what is built from it, the source.
  return posix
    .join(posix.dirname(from), target)
    .replace(/^dist\//, 'src/')
    .replace(/\.js$/, '.ts');
}

/** @returns one cycle among the imports of `edges` as file names, first = last, or null. Starting a worker imports nothing. */
export function findCycle(edges: readonly Edge[]): string[] | null {
  const next = new Map<string, string[]>();
  for (const { from, to, kind } of edges)
    if (to.startsWith('src/') && kind !== 'worker') next.set(from, [...(next.get(from) ?? []), to]);
  const done = new Set<string>();
  const walk = (file: string, path: readonly string[]): string[] | null => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return null;
    for (const target of next.get(file) ?? []) {
      const cycle = walk(target, [...path, file]);
      if (cycle) return cycle;
    }
    done.add(file);
    return null;
  };
  for (const file of next.keys()) {
    const cycle = walk(file, []);
    if (cycle) return cycle;
  }
  return null;
}

/** @returns everything that `entry` reaches over edges of `kinds`: files, packages and Node modules, `entry` included. */
export function reach(edges: readonly Edge[], entry: string, kinds: readonly EdgeKind[]): Set<string> {
  const seen = new Set([entry]);
  for (const file of seen)
    for (const { from, to, kind } of edges) if (from === file && kinds.includes(kind)) seen.add(to);
  return seen;
}
