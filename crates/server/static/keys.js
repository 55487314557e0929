// Keys, the list of keys, and times that stay right. Everything else works without it.

const off = "countersign.keys.off";

const stored = (name) => {
  try {
    return localStorage.getItem(name);
  } catch {
    return null; // Storage may be forbidden.
  }
};

const store = (name, value) => {
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
  } catch {
    // Then the choice holds for this page alone.
  }
};

// Says the same as `words::relative` on the server.
const relative = (at, now) => {
  const seconds = Math.floor((now - at) / 1000);
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)} h ago`;
  if (seconds < 1209600) return `${Math.floor(seconds / 86400)} d ago`;
  return null;
};

// Times go by the server's clock; a browser's own may be wrong by any amount.
const skew = "now" in document.body.dataset ? Date.parse(document.body.dataset.now) - Date.now() : 0;

const tick = () => {
  for (const time of document.querySelectorAll("time[data-relative]")) {
    const text = relative(Date.parse(time.dateTime), Date.now() + skew) ?? time.title;
    if (time.textContent !== text) time.textContent = text;
  }
};
setInterval(tick, 10_000);

const dialog = document.getElementById("keys");
const toggle = document.querySelector("[data-keys-on]");
let isOn = stored(off) === null;

if (dialog && toggle) {
  toggle.checked = isOn;
  toggle.addEventListener("change", () => {
    isOn = toggle.checked;
    store(off, isOn ? null : "1");
  });
  const button = document.querySelector("[data-keys-open]");
  if (button) {
    button.hidden = false;
    button.addEventListener("click", () => dialog.showModal());
  }
}

const move = (by) => {
  const links = [...document.querySelectorAll("[data-open]")];
  if (links.length === 0) return;
  const row = document.activeElement?.closest("tr[data-row]");
  const at = links.findIndex((link) => link.closest("tr") === row);
  const next = at < 0 ? 0 : Math.min(Math.max(at + by, 0), links.length - 1);
  links[next].focus();
  links[next].closest("tr").scrollIntoView({ block: "nearest" });
};

const actions = {
  "/": () => document.querySelector("[data-filter] input[type=checkbox], [data-filter] select")?.focus(),
  j: () => move(1),
  k: () => move(-1),
  p: () => document.querySelector("[data-live-pause]")?.click(),
  "?": () => dialog?.showModal(),
};

const isTyping = (element) =>
  element.isContentEditable || (element.matches?.("input:not([type=checkbox]), textarea, select") ?? false);

document.addEventListener("keydown", (event) => {
  if (!isOn || event.ctrlKey || event.metaKey || event.altKey || dialog?.open || isTyping(event.target)) return;
  const action = Object.hasOwn(actions, event.key) ? actions[event.key] : null;
  if (!action) return;
  event.preventDefault();
  action();
});
