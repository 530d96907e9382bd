/**
 * Reads a text a second time, slowly, to say where something is wrong: the same tree as parse.ts gives, and with it the
 * line and column of every place, and the keys that are written twice.
 */
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments, type YAMLError } from "yaml";
import { errorMessage, VestalError } from "../base/index.js";
import { type Path, pathKey } from "./decode.js";
import { decodeBinary, type Node } from "./parse.js";
import { resolvePlain } from "./scalar.js";

export interface Explained {
  readonly root: Node;
  readonly duplicates: ReadonlyMap<string, readonly string[]>;
  /** The place of the value at `path`, or of the nearest one around it; for a key written twice, of the second. */
  position(path: Path): { readonly line: number; readonly column: number };
  /** Of the value alone, not of its key; undefined where nothing is written at `path`. */
  valuePosition(path: Path): { readonly line: number; readonly column: number } | undefined;
  /** Of a key that is written twice: the line where it stands first. */
  firstLine(path: Path): number | undefined;
}

/** Go's words for what its YAML reader says of the same mistakes. */
const WORDS: Readonly<Record<string, string>> = {
  BLOCK_AS_IMPLICIT_KEY: "mapping values are not allowed in this context",
  TAB_AS_INDENT: "found character that cannot start any token",
  BAD_INDENT: "did not find expected key",
  MISSING_CHAR: "did not find expected '-' indicator",
};
/** The same where the code alone does not tell. */
const WORDS_OF_MESSAGE: ReadonlyArray<readonly [begin: string, words: string]> = [
  ["Missing closing", "found unexpected end of stream"],
  ["Flow sequence", "did not find expected ',' or ']'"],
  ["Flow map", "did not find expected ',' or '}'"],
];

/** @throws VestalError CONFIG if the text is not YAML. */
export function explain(text: string, nodesMax: number): Explained {
  refuseDeepNesting(text);
  const lines = new LineCounter();
  let documents: Document.Parsed[];
  try {
    const parsed = parseAllDocuments(text, { lineCounter: lines, uniqueKeys: false, merge: true, version: "1.1" });
    documents = Array.isArray(parsed) ? parsed : [];
  } catch (error) {
    throw new VestalError("CONFIG", `yaml: ${errorMessage(error)}`, {}, error);
  }
  const document = documents[0];
  const problem = document?.errors[0];
  if (problem !== undefined) throw syntaxError(problem, lines);
  const reader = new PlaceReader(document, nodesMax);
  return {
    root: document === undefined ? null : reader.read(document.contents, []),
    duplicates: reader.duplicates,
    position: (path) => {
      for (let length = path.length; length >= 0; length--) {
        const offset = reader.offsets.get(pathKey(path.slice(0, length)));
        if (offset === undefined) continue;
        const { line, col } = lines.linePos(offset);
        return { line, column: col };
      }
      return { line: 1, column: 1 };
    },
    valuePosition: (path) => {
      const offset = reader.valueOffsets.get(pathKey(path));
      if (offset === undefined) return undefined;
      const { line, col } = lines.linePos(offset);
      return { line, column: col };
    },
    firstLine: (path) => {
      const offset = reader.firstOffsets.get(pathKey(path));
      return offset === undefined ? undefined : lines.linePos(offset).line;
    },
  };
}

function syntaxError(problem: YAMLError, lines: LineCounter): VestalError {
  const { line, col } = lines.linePos(problem.pos[0]);
  const special = WORDS_OF_MESSAGE.find(([begin]) => problem.message.startsWith(begin))?.[1];
  const words = special ?? WORDS[problem.code] ?? problem.message.split(" at line")[0];
  return new VestalError("CONFIG", `yaml: line ${line}: ${words}`, { line, column: col });
}

/** The reader's time grows with the square of the depth, so brackets are counted before it starts. */
function refuseDeepNesting(text: string): void {
  let depth = 0;
  for (const [bracket] of text.matchAll(/(?<=^|[\s,:[{])[[{]|[\]}]/g)) {
    depth = bracket === "[" || bracket === "{" ? depth + 1 : Math.max(0, depth - 1);
    if (depth > DEPTH_MAX) throw new VestalError("CONFIG", `yaml: exceeded max depth of ${DEPTH_MAX}`);
  }
}

/** A tree deeper than this is refused before it can exhaust the stack. */
const DEPTH_MAX = 500;

class PlaceReader {
  readonly offsets = new Map<string, number>();
  readonly valueOffsets = new Map<string, number>();
  readonly firstOffsets = new Map<string, number>();
  readonly #duplicates = new Map<string, string[]>();
  readonly #document: Document.Parsed | undefined;

  #nodesLeft: number;

  constructor(document: Document.Parsed | undefined, nodesMax: number) {
    this.#document = document;
    this.#nodesLeft = nodesMax;
  }

  get duplicates(): ReadonlyMap<string, readonly string[]> {
    return this.#duplicates;
  }

  read(node: unknown, path: Path): Node {
    if (--this.#nodesLeft < 0) throw new VestalError("CONFIG", "yaml: document contains excessive aliasing");
    if (path.length > DEPTH_MAX) throw new VestalError("CONFIG", `yaml: exceeded max depth of ${DEPTH_MAX}`);
    if (isAlias(node) && this.#document !== undefined) return this.read(node.resolve(this.#document), path);
    if (isScalar(node)) return this.#scalar(node, path);
    if (isSeq(node)) {
      this.#place(node, path);
      return node.items.map((item, i) => this.read(item, [...path, i]));
    }
    if (!isMap(node)) return null;
    this.#place(node, path);
    const own = new Map<string, Node>();
    const merged = new Map<string, Node>();
    for (const pair of node.items) {
      const key = isScalar(pair.key) ? keyText(pair.key) : String(pair.key);
      const keyPath = [...path, key];
      if (key === "<<" && isScalar(pair.key) && pair.key.type === "PLAIN") {
        this.#merge(pair.value, path, merged);
        continue;
      }
      if (own.has(key)) {
        this.#addDuplicate(path, key);
        const first = this.offsets.get(pathKey(keyPath));
        if (first !== undefined && !this.firstOffsets.has(pathKey(keyPath))) {
          this.firstOffsets.set(pathKey(keyPath), first);
        }
      }
      const value = this.read(pair.value, keyPath);
      const valueOffset = this.offsets.get(pathKey(keyPath));
      if (valueOffset !== undefined) this.valueOffsets.set(pathKey(keyPath), valueOffset);
      // A mistake in a field is shown at its key, also where the value stands on later lines.
      if (isScalar(pair.key)) this.#place(pair.key, keyPath);
      own.set(key, value);
    }
    return Object.fromEntries([...merged].filter(([key]) => !own.has(key)).concat([...own]));
  }

  #merge(value: unknown, path: Path, into: Map<string, Node>): void {
    const source = this.read(value, path);
    for (const item of Array.isArray(source) ? (source as readonly Node[]) : [source]) {
      if (typeof item !== "object" || item === null)
        throw new VestalError("CONFIG", "yaml: map merge requires map or sequence of maps as the value");
      for (const [key, merged] of Object.entries(item)) if (!into.has(key)) into.set(key, merged as Node);
    }
  }

  #scalar(node: import("yaml").Scalar, path: Path): Node {
    this.#place(node, path);
    const text = node.source ?? String(node.value ?? "");
    if (node.tag === "tag:yaml.org,2002:binary") return decodeBinary(text);
    if (node.tag === "tag:yaml.org,2002:str") return text;
    return node.type === "PLAIN" || node.type === undefined ? (resolvePlain(text) ?? text) : text;
  }

  #place(node: { range?: readonly [number, number, number] | null | undefined }, path: Path): void {
    const offset = node.range?.[0];
    if (offset !== undefined) this.offsets.set(pathKey(path), offset);
  }

  #addDuplicate(path: Path, key: string): void {
    const key_ = pathKey(path);
    this.#duplicates.set(key_, [...(this.#duplicates.get(key_) ?? []), key]);
  }
}

function keyText(key: import("yaml").Scalar): string {
  const text = key.source ?? String(key.value ?? "");
  return key.tag === "tag:yaml.org,2002:binary" ? decodeBinary(text) : text;
}
