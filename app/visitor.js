// Joins a page to the progress that this browser keeps: applies what the page notes, and tells the page what is kept.

// A store may be shut (a browser that forbids it) or hold anything at all.
function read(place, key, otherwise) {
  try {
    return JSON.parse(place().getItem(key)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

function write(place, key, value) {
  try {
    place().setItem(key, JSON.stringify(value));
  } catch {
    // Then the page remembers for as long as it is open.
  }
}

const kept = () => window.localStorage;
const open = () => window.sessionStorage;

// What no course could have put there is left out, or the page would refuse all of it for its length.
const isName = (name) => typeof name === "string" && name.length <= 80;
const MOST = 500;

function progressIn(store) {
  const found = read(kept, store, {});
  const done = Array.isArray(found.done) ? found.done.filter(isName) : [];
  const rungs = found.hints !== null && typeof found.hints === "object" ? Object.entries(found.hints) : [];
  const hints = rungs.filter(([name, rung]) => isName(name) && Number.isInteger(rung));
  return { done: [...new Set(done)].slice(0, MOST), hints: Object.fromEntries(hints.slice(0, MOST)) };
}

function apply(progress, { what, name, value }) {
  if (what === "hint") {
    progress.hints[name] = Math.max(progress.hints[name] ?? 0, value);
  } else {
    progress.done = progress.done.filter((other) => other !== name).concat(value ? [name] : []);
  }
}

const ordered = ({ done, hints }) => JSON.stringify([[...done].sort(), Object.entries(hints).sort()]);

let lastSent = "";

export default function ({ parentElement, data, setStateValue }) {
  const { store, session, notes, known } = data;
  const mark = `${store}.applied`;

  function tell(progress, applied) {
    const sent = JSON.stringify([ordered(progress), session, applied]);
    // What the page doesn't know (an exercise of another version) would otherwise be told without end.
    if (ordered(progress) !== ordered(known) && sent !== lastSent) {
      lastSent = sent;
      setStateValue("kept", { progress: JSON.stringify(progress), session, applied });
    }
  }

  const before = read(open, mark, {});
  const applied = before.session === session ? before.number : 0;
  const fresh = notes.filter(({ number }) => number > applied);
  const progress = progressIn(store);
  if (fresh.length > 0) {
    fresh.forEach((note) => apply(progress, note));
    write(kept, store, progress);
    write(open, mark, { session, number: fresh.at(-1).number });
  }
  const last = fresh.at(-1)?.number ?? applied;
  tell(progress, last);

  const changed = (event) => event.key === store && tell(progressIn(store), last);  // by another page of the site
  window.removeEventListener("storage", parentElement.visitorChanged);
  parentElement.visitorChanged = changed;
  window.addEventListener("storage", changed);
  return () => window.removeEventListener("storage", parentElement.visitorChanged);
}
