// Links inside the site without loading it anew, links that copy their address, definitions that stay in view, and
// scripts that are fetched before they are needed.
(() => {
  if (window.glassboxReading) return;
  window.glassboxReading = true;

  const prepare = () => {
    for (const address of window.glassboxSoon ?? []) {
      import(new URL(address, document.baseURI)).catch(() => {}); // compiled and run, which takes longer than the way here
    }
  };
  setTimeout(() => (window.requestIdleCallback ?? setTimeout)(prepare), 1000);

  const toast = document.createElement("div");
  toast.className = "gb-toast";
  toast.setAttribute("role", "status");
  document.body.append(toast);

  const copy = async (link) => {
    try {
      await navigator.clipboard.writeText(link.href);
      toast.textContent = "Link copied.";
    } catch {
      toast.textContent = "This browser keeps the clipboard to itself: use its own “Copy link”.";
    }
    setTimeout(() => { toast.textContent = ""; }, 2500);
  };

  const follow = (event) => {
    const link = event.target.closest?.("a[data-inside], [data-testid='stPageLink'] a:not([target='_blank'])");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const kind = link.dataset.inside ?? "page";
    event.preventDefault();
    event.stopPropagation(); // Streamlit's own way to another place of the same page leaves the address as it was
    if (kind === "copy" || link.textContent.includes("Link to this")) copy(link);
    if (kind === "code") {
      document.querySelector(`.st-key-code-${link.hash.slice(6)}`)?.scrollIntoView({ block: "start" });
    } else if (kind === "page") {
      history.pushState({}, "", link.href);
      dispatchEvent(new PopStateEvent("popstate")); // Streamlit then shows what the address names
    }
  };
  addEventListener("click", follow, true);

  const place = (event) => {
    const term = event.target.closest?.(".gb-gloss");
    const told = term?.querySelector(".gb-def");
    if (!told || matchMedia("(max-width: 640px)").matches) return; // a phone shows it at the foot of the window
    const edge = (term.closest("[data-testid='stMarkdownContainer']") ?? document.body).getBoundingClientRect();
    const width = Math.min(26 * 16, edge.width);
    const start = term.firstElementChild.getClientRects()[0] ?? edge;
    told.style.setProperty("--width", `${width}px`);
    told.style.setProperty("--shift", `${Math.min(0, edge.right - width - start.left)}px`);
  };
  addEventListener("pointerover", place);
  addEventListener("focusin", place);
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && document.activeElement?.matches(".gb-term")) document.activeElement.blur();
  });
})();
