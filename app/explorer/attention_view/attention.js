// One small pattern a head, as a button; the chosen head's pattern large. Which head is chosen goes back to the page.
"use strict";

const COLOUR = "#0072B2"; // the course's blue
const HIDDEN = "rgb(226, 229, 233)"; // where a causal head may not look
const heads = document.getElementById("heads");
const large = document.getElementById("large");
let shown = null; // the arguments drawn last, as text
let chosen = 0;

function tell(type, more) {
  window.parent.postMessage({ isStreamlitMessage: true, type: `streamlit:${type}`, ...more }, "*");
}

// CircuitsVis finds its place by id and keeps what it drew there: every drawing gets a place of its own.
function drawInto(parent, pattern, args, axes) {
  const place = document.createElement("div");
  place.id = `pattern-${Math.random().toString(36).slice(2)}`;
  place.setAttribute("aria-hidden", "true");
  parent.replaceChildren(place);
  CircuitsVis.render(place.id, CircuitsVis.AttentionPattern, {
    attention: pattern, tokens: args.tokens, showAxisLabels: axes, maskUpperTri: true, zoomed: false,
    minValue: -1, maxValue: 1, positiveColor: COLOUR, upperTriColor: HIDDEN,
  });
}

function drawLarge(args) {
  drawInto(large, args.attention[chosen], args, true);
  large.setAttribute("aria-label", `Attention of head ${args.names[chosen]}. The table below has where it looks most.`);
  [...heads.children].forEach((button, i) => button.setAttribute("aria-pressed", String(i === chosen)));
}

function buttonOf(args, i) {
  const button = document.createElement("button");
  const small = document.createElement("span");
  small.className = "small";
  button.append(small, `${args.names[i]}`);
  button.setAttribute("aria-label", `Head ${args.names[i]}`);
  button.onclick = () => {
    if (i === chosen) return;
    chosen = i;
    drawLarge(args);
    tell("setComponentValue", { value: i, dataType: "json" });
  };
  return button;
}

function draw(args) {
  const text = JSON.stringify([args.attention, args.tokens, args.names]);
  if (text !== shown) {
    chosen = args.chosen;
    heads.replaceChildren(...args.names.map((_, i) => buttonOf(args, i)));
    args.names.forEach((_, i) => drawInto(heads.children[i].firstChild, args.attention[i], args, false));
    drawLarge(args);
  } else if (args.chosen !== chosen) {
    chosen = args.chosen;
    drawLarge(args);
  }
  shown = text;
}

let loading = null; // CircuitsVis, asked for once
function bundle(address) {
  loading ??= new Promise((loaded) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = loaded;
    document.head.append(script);
  });
  return loading;
}

window.addEventListener("message", (event) => {
  if (event.data.type !== "streamlit:render") return;
  document.body.classList.toggle("dark", event.data.args.dark);
  bundle(event.data.args.bundle).then(() => draw(event.data.args));
});
new ResizeObserver(() => tell("setFrameHeight", { height: document.body.scrollHeight })).observe(document.body);
tell("componentReady", { apiVersion: 1 });
