// The editor of one exercise. What is typed belongs to the learner's file: it is sent there when the focus leaves the
// editor, on Ctrl+S and before a check. Until the file has it, the browser keeps a draft (localStorage).
//
// From Python (data): text, digest and line of the exercise as the file holds it; handled, the number of the last draft
// that was dealt with; saved, of the last that was saved, with the digest that the file had then; refused, of one that
// can't be saved; say, what to announce; focus, which grows when the editor is to have the focus; label, place and
// store, names. To Python: draft, {number, text, digest of the version that was edited, after: the numbers of drafts
// that may have been saved meanwhile} or null; run, when the checks are asked for.

const { EditorState, Compartment, EditorView, keymap, lineNumbers, drawSelection, highlightActiveLine,
  highlightActiveLineGutter, defaultKeymap, history, historyKeymap, indentWithTab, LanguageSupport, bracketMatching,
  indentOnInput, indentUnit, syntaxHighlighting, closeBrackets, closeBracketsKeymap, pythonLanguage,
  classHighlighter } = GlassboxCodeMirror;

const TAB_IS_FREE = 60_000; // milliseconds after Escape in which Tab leaves the editor, unless another key comes first
const NOTHING = { number: 0, text: "", digest: "" };
const NEAR = "600px"; // an editor is made when it is about to be seen

const all = new Set(); // the editors of the page

// Blank space at the end is the file's business: it must not move under the cursor.
const same = (one, other) => one.trimEnd() === other.trimEnd();

class Editor {
  constructor(parent) {
    this.box = parent.appendChild(document.createElement("div"));
    this.box.className = "glassbox-editor";
    this.frame = this.box.appendChild(document.createElement("div"));
    this.frame.className = "frame";
    this.status = this.box.appendChild(document.createElement("p"));
    this.status.className = "status";
    this.voice = this.box.appendChild(document.createElement("div"));
    this.voice.className = "voice";
    this.voice.setAttribute("role", "status");
    this.numbers = new Compartment();
    this.view = null;
    this.text = ""; // while there is no view
    this.base = null; // the text in the file that the edits started from
    this.sent = NOTHING;
    this.underway = new Map(); // drafts that were sent and not heard of again: number to text
    all.add(this);
    this.leave = () => document.hidden && this.send();
    document.addEventListener("visibilitychange", this.leave);
  }

  update({ data, setStateValue, setTriggerValue }) {
    const first = this.base === null;
    Object.assign(this, { data, setStateValue, setTriggerValue, moved: 0 });
    this.push(data.text.split("\n").length);
    if (first) this.begin(data);
    this.reconcile(data);
    if (this.view) this.view.dispatch({ effects: this.numbers.reconfigure(this.gutter()) });
    if (!first && data.say?.number !== this.said) this.announce(data.say?.text ?? "");
    this.said = data.say?.number;
    if (!first && data.focus !== this.focused) this.open().focus(); // the button that was pressed is gone
    this.focused = data.focus;
    this.remember();
    this.show();
  }

  // A save draws this editor alone; what stands below it in the file has moved all the same.
  push(lines) {
    const by = lines - (this.lines ?? lines);
    this.lines = lines;
    for (const other of by ? all : []) {
      if (other.data.line <= this.data.line) continue;
      other.moved += by;
      other.view?.dispatch({ effects: other.numbers.reconfigure(other.gutter()) });
    }
  }

  begin(data) {
    const kept = read(data.store);
    this.base = { text: kept?.base ?? data.text, digest: kept?.digest ?? data.digest };
    this.text = kept?.text ?? data.text;
    this.still = this.frame.appendChild(document.createElement("pre"));
    this.still.textContent = this.text;
    this.sight = new IntersectionObserver(
      (seen) => seen.some((entry) => entry.isIntersecting) && this.open(), { rootMargin: NEAR });
    this.sight.observe(this.frame);
    this.keeps = kept !== null;
    if (kept && !same(kept.text, data.text)) this.send();
  }

  // The file may hold another text than before: because a draft was dealt with, or because somebody saved it outside.
  reconcile({ text, digest, handled, saved }) {
    if (this.underway.has(handled)) {
      this.base = { text: this.underway.get(handled), digest: saved.number === handled ? saved.digest : "" };
      this.underway.delete(handled);
      if (handled === this.sent.number) {
        this.sent = NOTHING;
        this.underway.clear();
      }
    }
    if (digest === this.base.digest) return;
    if (same(this.doc(), this.base.text)) this.replace(text);
    if (same(this.doc(), text)) this.base = { text, digest };
    else this.send(); // a conflict, which the page shows
  }

  doc() {
    return this.view ? this.view.state.doc.toString() : this.text;
  }

  get dirty() {
    return !same(this.doc(), this.base.text);
  }

  // Change only what differs, so that the cursor stays where it is.
  replace(text) {
    const now = this.doc();
    if (same(now, text)) return;
    this.text = text;
    if (!this.view) return void (this.still.textContent = text);
    let start = 0;
    while (start < now.length && start < text.length && now[start] === text[start]) start++;
    let end = 0;
    const most = Math.min(now.length, text.length) - start;
    while (end < most && now[now.length - 1 - end] === text[text.length - 1 - end]) end++;
    const insert = text.slice(start, text.length - end);
    this.view.dispatch({ changes: { from: start, to: now.length - end, insert } });
  }

  send() {
    const text = this.doc();
    const { digest } = this.base;
    if (!this.dirty) {
      if (this.sent.number) this.setStateValue("draft", null);
      this.sent = NOTHING;
    } else if (text !== this.sent.text || digest !== this.sent.digest) {
      const after = [...this.underway.keys()]; // the drafts that this one goes on from
      this.sent = { number: Math.max(Date.now(), this.sent.number + 1), text, digest };
      this.underway.set(this.sent.number, text);
      this.setStateValue("draft", { ...this.sent, after });
    }
    this.show();
    return true;
  }

  run() {
    this.send();
    this.setTriggerValue("run", Date.now());
    return true;
  }

  remember() {
    const { store } = this.data;
    const draft = { text: this.doc(), base: this.base.text, digest: this.base.digest };
    try {
      if (this.dirty) localStorage.setItem(store, JSON.stringify(draft));
      else if (this.keeps) localStorage.removeItem(store); // another tab's draft is none of ours
      this.keeps = this.dirty;
    } catch { /* a browser that keeps nothing: the draft lives as long as the page */ }
  }

  show(said) {
    const { data, sent } = this;
    const waiting = sent.number && sent.text === this.doc();
    this.status.textContent = said
      || (data.digest !== this.base.digest ? "Your file holds another version: choose one below."
        : waiting && data.refused === sent.number ? "Not in your file yet: see below."
          : waiting ? "Saving …"
            : this.dirty ? "Not in your file yet: Ctrl+S saves, and so does leaving the editor."
              : `Saved in ${data.place}`);
    this.box.classList.toggle("dirty", this.dirty);
  }

  announce(text) {
    this.voice.textContent = text;
  }

  gutter() {
    const line = this.data.line + this.moved;
    return lineNumbers({ formatNumber: (number) => String(number + line - 1) });
  }

  open() {
    this.sight.disconnect();
    if (this.view) return this.view;
    const keys = [
      { key: "Mod-Enter", run: () => this.run(), preventDefault: true },
      { key: "Mod-s", run: () => this.send(), preventDefault: true },
    ];
    this.view = new EditorView({
      parent: this.frame,
      state: EditorState.create({ doc: this.text, extensions: [
        EditorView.lineWrapping, this.numbers.of(this.gutter()), history(), drawSelection(), highlightActiveLine(), highlightActiveLineGutter(),
        indentUnit.of("    "), EditorState.tabSize.of(4), indentOnInput(), bracketMatching(), closeBrackets(),
        new LanguageSupport(pythonLanguage), syntaxHighlighting(classHighlighter),
        keymap.of([...keys, ...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, indentWithTab]),
        EditorView.contentAttributes.of(
          { "aria-label": this.data.label, tabindex: "0", autocapitalize: "off", autocorrect: "off" }),
        EditorView.updateListener.of((update) => update.docChanged && (this.remember(), this.show())),
        EditorView.domEventHandlers(
          { focusout: () => void this.send(), keydown: (event, view) => this.pressed(event, view) }),
      ] }),
    });
    this.still.remove();
    return this.view;
  }

  pressed(event, view) {
    event.stopPropagation(); // the page has shortcuts of its own
    if (event.key !== "Escape") return false;
    setTimeout(() => view.setTabFocusMode(TAB_IS_FREE));
    this.show("Tab now leaves the editor.");
    this.announce("Tab now leaves the editor.");
    return false;
  }

  end() {
    all.delete(this);
    document.removeEventListener("visibilitychange", this.leave);
    this.sight?.disconnect();
    this.view?.destroy();
    this.box.remove();
  }
}

function read(store) {
  try {
    const kept = JSON.parse(localStorage.getItem(store));
    return ["text", "base", "digest"].every((name) => typeof kept?.[name] === "string") ? kept : null;
  } catch {
    return null;
  }
}

const editors = new WeakMap();

// Streamlit calls this again with each change of the data, and may clean up after an older call when a newer is done.
function mount(component) {
  const place = component.parentElement;
  if (!editors.has(place)) editors.set(place, new Editor(place));
  const editor = editors.get(place);
  const turn = (editor.turn = (editor.turn ?? 0) + 1);
  editor.update(component);
  return () => {
    if (editor.turn !== turn) return;
    editors.delete(place);
    editor.end();
  };
}
