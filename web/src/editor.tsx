/** The editor of expressions: highlighting, errors in place, completion from the server. Loaded when a query page opens. */
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, syntaxHighlighting } from "@codemirror/language";
import { lintKeymap } from "@codemirror/lint";
import { EditorState, Prec } from "@codemirror/state";
import { EditorView, keymap, placeholder } from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";
import { PromQLExtension } from "@prometheus-io/codemirror-promql";
import { useEffect, useRef } from "preact/hooks";

const nonce = document.querySelector<HTMLMetaElement>('meta[name="style-nonce"]')?.content ?? "";
const promql = new PromQLExtension().setComplete({
  remote: {
    url: document.baseURI.replace(/\/$/, ""),
    fetchFn: (input, init) => fetch(input, init),
    cache: { maxAge: 60_000 },
  },
});

export interface EditorProps {
  /** A new object puts its text into the editor; what is typed goes out by `onChange` alone and never comes back. */
  readonly given: { readonly text: string };
  readonly onChange: (value: string) => void;
  readonly onRun: () => void;
  /** A new object puts its text where the cursor stands. */
  readonly inserted?: { readonly text: string } | undefined;
  readonly onHistory?: () => void;
}

export function Editor({ given, onChange, onRun, inserted, onHistory }: EditorProps) {
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const latest = useRef({ onChange, onRun, onHistory });
  latest.current = { onChange, onRun, onHistory };

  // Once: later values go in by the effect below.
  useEffect(() => {
    const parent = box.current;
    if (parent === null) return undefined;
    const run = (): boolean => {
      latest.current.onRun();
      return true;
    };
    const state = EditorState.create({
      doc: given.text,
      extensions: [
        EditorView.cspNonce.of(nonce),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": "PromQL expression" }),
        history(),
        bracketMatching(),
        closeBrackets(),
        autocompletion(),
        syntaxHighlighting(classHighlighter),
        promql.asExtension(),
        placeholder("Expression (Enter runs it, Shift+Enter begins a line)"),
        Prec.highest(
          keymap.of([
            { key: "Mod-Enter", run },
            {
              key: "Alt-ArrowUp",
              run: () => {
                latest.current.onHistory?.();
                return latest.current.onHistory !== undefined;
              },
            },
          ]),
        ),
        keymap.of([
          ...completionKeymap,
          { key: "Enter", run },
          {
            key: "Shift-Enter",
            run: (target) => {
              target.dispatch(target.state.replaceSelection("\n"));
              return true;
            },
          },
          ...closeBracketsKeymap,
          ...defaultKeymap,
          ...historyKeymap,
          ...lintKeymap,
        ]),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) latest.current.onChange(update.state.doc.toString());
        }),
      ],
    });
    const editor = new EditorView({ state, parent });
    view.current = editor;
    return () => editor.destroy();
  }, []);

  useEffect(() => {
    const editor = view.current;
    if (editor === undefined || editor.state.doc.toString() === given.text) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: given.text } });
  }, [given]);

  useEffect(() => {
    const editor = view.current;
    if (editor === undefined || inserted === undefined) return;
    editor.dispatch(editor.state.replaceSelection(inserted.text));
    editor.focus();
  }, [inserted]);

  return <div ref={box} class="editor" />;
}
