import { join } from 'node:path';
import ts from 'typescript';
import { root } from '../tools/shared-inputs.ts';

const probePath = join(root, 'test/fuzz/probe.ts');
const imports = `import { step as __step, enter as __enter, leave as __leave } from ${JSON.stringify(probePath)};`;

/** Text to put at a place of a source, and how much of what stands there goes. */
interface Edit {
  at: number;
  cut: number;
  text: string;
}

function isFunctionWithBlock(node: ts.Node): node is ts.FunctionLikeDeclaration & { body: ts.Block } {
  // A constructor is left out: nothing may stand in front of super().
  const isOne =
    ts.isFunctionDeclaration(node) ||
    ts.isMethodDeclaration(node) ||
    ts.isFunctionExpression(node) ||
    ts.isArrowFunction(node) ||
    ts.isGetAccessor(node) ||
    ts.isSetAccessor(node);
  return isOne && node.body !== undefined && ts.isBlock(node.body);
}

/**
 * A TypeScript source that counts its steps: every turn of a loop and every call of a function tells the probe. Its
 * private members become ordinary ones (`#x` is `__x`), so that a test can look at the tables.
 *
 * @param firstId number of its first function; each gets one of its own
 * @returns the text and the number behind the last function's
 */
export function instrument(code: string, path: string, firstId: number): { code: string; nextId: number } {
  const source = ts.createSourceFile(path, code, ts.ScriptTarget.Latest, true);
  const edits: Edit[] = [];
  let id = firstId;
  const insert = (at: number, text: string) => edits.push({ at, cut: 0, text });
  const visit = (node: ts.Node): void => {
    if (ts.isPrivateIdentifier(node)) edits.push({ at: node.getStart(), cut: 1, text: '__' });
    if (ts.isIterationStatement(node, false)) {
      const body = node.statement;
      insert(ts.isBlock(body) ? body.getStart() + 1 : body.getStart(), ts.isBlock(body) ? '__step();' : '{__step();');
      if (!ts.isBlock(body)) insert(body.getEnd(), '}');
    }
    if (isFunctionWithBlock(node)) {
      insert(node.body.getStart() + 1, `__enter(${id});try{`);
      insert(node.body.getEnd() - 1, `}finally{__leave(${id});}`);
      id++;
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  // Of edits at one place the first stays in front; what closes an inner statement comes before what closes an outer one.
  let out = '';
  let at = 0;
  for (const edit of edits.map((each, order) => ({ ...each, order })).sort(inOrder)) {
    out += code.slice(at, edit.at) + edit.text;
    at = edit.at + edit.cut;
  }
  return { code: imports + out + code.slice(at), nextId: id };
}

function inOrder(a: Edit & { order: number }, b: Edit & { order: number }): number {
  return a.at - b.at || a.order - b.order;
}
