// The rule editor: YAML with our own checker's problems under the lines, and completion of names.
// It lives in a shadow root, where CodeMirror may use style sheets without a style element, which
// the Content Security Policy forbids. The textarea stays the form's field, so that the page works
// without this script.
import { autocompletion } from "@codemirror/autocomplete";
import { yaml } from "@codemirror/lang-yaml";
import { linter, lintGutter } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { EditorView, basicSetup } from "codemirror";

// What CodeMirror itself says.
const PHRASES = {
  "Find": "查找", "Replace": "替换为", "next": "下一个", "previous": "上一个", "all": "全选",
  "match case": "区分大小写", "regexp": "正则表达式", "by word": "整词", "replace": "替换",
  "replace all": "全部替换", "close": "关闭", "current match": "当前匹配", "on line": "在行",
  "replaced match on line $": "已替换第 $ 行的匹配", "replaced $ matches": "已替换 $ 处",
  "Go to line": "转到行", "go": "转到", "Diagnostics": "问题", "No diagnostics": "没有问题",
  "Completions": "可选的名称", "Fold line": "折叠", "Unfold line": "展开", "folded code": "已折叠的内容",
  "unfold": "展开", "Folded lines": "已折叠", "Unfolded lines": "已展开", "to": "至",
  "Control character": "控制字符", "Selection deleted": "已删除所选",
};

const area = document.querySelector("textarea[data-editor]");
if (area) start(area);

async function start(area) {
  const form = area.form;
  const words = await fetch(area.dataset.words).then((r) => (r.ok ? r.json() : [])).catch(() => []);
  const place = document.createElement("div");
  area.before(place);
  const root = place.attachShadow({ mode: "open" });
  const view = new EditorView({
    doc: area.value,
    root,
    parent: root,
    extensions: [
      basicSetup,
      yaml(),
      lintGutter(),
      linter((v) => check(v, form, area.dataset.check), { delay: 700 }),
      autocompletion({ override: [(context) => complete(context, words)] }),
      EditorView.lineWrapping,
      EditorState.phrases.of(PHRASES),
      EditorView.contentAttributes.of({ "aria-label": "规则文件内容" }),
      EditorView.theme({
        "&": { border: "1px solid #6b7682", fontSize: "15px", maxHeight: "70vh" },
        ".cm-scroller": { overflow: "auto", lineHeight: "1.6" },
        "&.cm-focused": { outline: "3px solid #c05600" },
      }),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) area.value = update.state.doc.toString();
      }),
    ],
  });
  // The keyboard can scroll it, too.
  view.scrollDOM.tabIndex = 0;
  area.hidden = true;
  if (area.dataset.open) show(view, Number(area.dataset.open));
  document.querySelectorAll("[data-line]").forEach((link) => {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      show(view, Number(link.dataset.line));
    });
  });
}

function show(view, number) {
  const line = view.state.doc.line(Math.min(number, view.state.doc.lines));
  view.dispatch({ selection: { anchor: line.from }, effects: EditorView.scrollIntoView(line.from, { y: "center" }) });
  view.focus();
}

async function check(view, form, address) {
  const body = new FormData(form);
  body.set("text", view.state.doc.toString());
  const answer = await fetch(address, { method: "POST", body });
  if (!answer.ok) return [];
  const { problems } = await answer.json();
  const doc = view.state.doc;
  return problems.map((problem) => {
    const line = doc.line(Math.min(Math.max(problem.line || 1, 1), doc.lines));
    const from = Math.min(line.from + Math.max((problem.column || 1) - 1, 0), line.to);
    const to = problem.end_column ? Math.min(line.from + problem.end_column - 1, line.to) : line.to;
    return {
      from,
      to: Math.max(to, from),
      severity: problem.severity === "error" ? "error" : "warning",
      message: problem.hint ? `${problem.message}。${problem.hint}` : problem.message,
    };
  });
}

function complete(context, words) {
  const word = context.matchBefore(/[\w.]+/);
  if (!word && !context.explicit) return null;
  return { from: word ? word.from : context.pos, options: words, validFor: /^[\w.]*$/ };
}
