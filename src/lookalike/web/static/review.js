// Keys press what is on the page; the viewer zooms, blinks and shows differences. Without this file everything but that works.

const typing = (target) => target.closest?.("input:not([type=checkbox]), select, textarea");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const pressing = event.target.closest?.(event.key === " " ? "button, summary" : "button, a, summary");
  if (pressing && (event.key === "Enter" || event.key === " ") && pressing.dataset.key !== event.key) return; // its own press
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key; // whatever Caps Lock says
  const found = document.querySelector(`[data-key="${CSS.escape(key)}"]:not(:disabled)`);
  if (!found) return;
  event.preventDefault(); // also of a key that is held: it neither goes on and on nor scrolls
  if (!event.repeat) found.click();
});

// Looking at another image of the group is no step that the back button should go through.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-replace]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  keepScroll();
  location.replace(link.href);
});
document.addEventListener("submit", () => keepScroll());

const keepScroll = () => sessionStorage.setItem("lookalike-scroll", `${scrollY} ${location.pathname}`);
const [, height, path] = /^(\d+)\S* (.*)$/.exec(sessionStorage.getItem("lookalike-scroll")) ?? [];
if (path === location.pathname) scrollTo(0, height);
sessionStorage.removeItem("lookalike-scroll");

const viewer = document.querySelector(".viewer");
if (viewer) look(viewer);

function look(viewer) {
  const panes = [1, 2, 3].map((at) => viewer.querySelector(`[data-pane="${at}"]`));
  const view = { zoom: 1, x: 0, y: 0 };
  let front = 0;

  function show(mode) {
    viewer.dataset.mode = mode;
    sessionStorage.setItem("lookalike-mode", mode);
    panes[0].hidden = mode === "difference" || (mode === "blink" && front === 1);
    panes[1].hidden = mode === "difference" || (mode === "blink" && front === 0);
    panes[2].hidden = mode !== "difference";
    const drawn = panes[2].querySelector("img");
    if (mode === "difference" && !drawn.src) drawn.src = drawn.dataset.src;
    for (const button of viewer.querySelectorAll("[data-look]")) {
      button.setAttribute("aria-pressed", button.dataset.look === mode);
    }
  }

  function place() {
    const most = 50 * (view.zoom - 1);
    view.x = Math.max(-most, Math.min(most, view.x));
    view.y = Math.max(-most, Math.min(most, view.y));
    for (const name of ["zoom", "x", "y"]) viewer.style.setProperty(`--${name}`, view[name]);
    viewer.classList.toggle("zoomed", view.zoom > 1);
    viewer.classList.toggle("pixels", view.zoom > 6);
    if (view.zoom > 1.5) {
      for (const img of viewer.querySelectorAll("img[data-full]")) {
        img.src = img.dataset.full; // all pixels, only once somebody looks closer
        img.removeAttribute("data-full");
      }
    }
  }

  function zoom(factor, across = 0, down = 0) {
    const zoom = Math.max(1, Math.min(32, view.zoom * factor));
    const ratio = zoom / view.zoom; // what lies under the pointer stays there
    Object.assign(view, { zoom, x: across - (across - view.x) * ratio, y: down - (down - view.y) * ratio });
    place();
  }

  viewer.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.look) {
      if (button.dataset.look === "blink" && viewer.dataset.mode === "blink") front = 1 - front;
      show(button.dataset.look);
    }
    if (button?.dataset.zoom === "in") zoom(1.5);
    if (button?.dataset.zoom === "out") zoom(1 / 1.5);
    if (button?.dataset.zoom === "reset") zoom(0);
  });

  for (const stage of viewer.querySelectorAll(".stage")) {
    const percent = (event) => {
      const box = stage.getBoundingClientRect();
      return [(100 * (event.clientX - box.left)) / box.width - 50, (100 * (event.clientY - box.top)) / box.height - 50];
    };
    stage.addEventListener("wheel", (event) => {
      event.preventDefault();
      zoom(event.deltaY < 0 ? 1.25 : 0.8, ...percent(event));
    }, { passive: false });
    stage.addEventListener("pointerdown", (event) => stage.setPointerCapture(event.pointerId));
    stage.addEventListener("pointermove", (event) => {
      if (!event.buttons) return;
      view.x += (100 * event.movementX) / stage.clientWidth;
      view.y += (100 * event.movementY) / stage.clientHeight;
      place();
    });
  }

  show(sessionStorage.getItem("lookalike-mode") ?? "side");
  addEventListener("load", () => {
    for (const src of [viewer.dataset.ahead1, viewer.dataset.ahead2]) if (src) new Image().src = src; // the next group
  });
}
