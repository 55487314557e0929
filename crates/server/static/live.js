// New rows as they are made. Each answer of the server is short; the browser asks again by itself.

const bar = document.querySelector("[data-live]");
const table = document.querySelector("[data-rows]");

// How often news are announced, in milliseconds: a screen reader must not be talked over.
const ANNOUNCE_MS = 10_000;

// Failures in a row, without an answer between them, after which the page says so.
const FAILURES = 3;

if (bar && table) {
  const body = table.tBodies[0];
  const most = Number(bar.dataset.liveMost);
  const state = bar.querySelector("[data-live-state]");
  const pause = bar.querySelector("[data-live-pause]");
  const news = document.querySelector("[data-live-news]");
  const overview = document.querySelector("[data-overview]");

  let source = null;
  let last = null; // The newest index, told again after a pause.
  let failures = 0;
  let unsaid = { rows: 0, risky: 0 };

  const show = (name, text) => {
    if (state.dataset.liveState === name) return;
    state.dataset.liveState = name;
    state.textContent = text;
  };

  const announce = () => {
    if (unsaid.rows === 0) return;
    const risky = unsaid.risky > 0 ? `, ${unsaid.risky} high or critical` : "";
    news.textContent = `${unsaid.rows} new ${unsaid.rows === 1 ? "decision" : "decisions"}${risky}.`;
    unsaid = { rows: 0, risky: 0 };
  };

  const add = (html) => {
    const focused = document.activeElement?.closest("tr[data-row]");
    const before = body.firstElementChild;
    body.insertAdjacentHTML("afterbegin", html);
    for (let row = body.firstElementChild; row && row !== before; row = row.nextElementSibling) {
      row.classList.add("new");
      unsaid.rows += 1;
      if (row.dataset.level === "high" || row.dataset.level === "critical") unsaid.risky += 1;
    }
    // The row that somebody is on stays, also past the end.
    for (const row of [...body.rows].slice(most)) if (row !== focused) row.remove();
    table.hidden = false;
    document.querySelector("[data-empty]")?.remove();
  };

  const open = () => {
    const address = new URL(bar.dataset.live, location.href);
    if (last !== null && last !== "start") address.searchParams.set("after", last);
    source = new EventSource(address);
    source.addEventListener("open", () => {
      failures = 0;
      show("live", "Live");
    });
    source.addEventListener("rows", (event) => {
      last = event.lastEventId || last;
      add(event.data);
    });
    source.addEventListener("figures", (event) => {
      // What is open, or has the focus, is not pulled away.
      if (overview.querySelector("details[open]") || overview.contains(document.activeElement)) return;
      overview.innerHTML = event.data;
    });
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CLOSED) {
        show("lost", "Not live: reload the page");
        return;
      }
      failures += 1; // Also at the end of each good answer; `open` sets it back.
      if (failures >= FAILURES) show("waiting", "Reconnecting");
    });
  };

  const close = () => {
    source?.close();
    source = null;
  };

  const toggle = () => {
    const isPaused = pause.getAttribute("aria-pressed") !== "true";
    pause.setAttribute("aria-pressed", String(isPaused));
    if (isPaused) {
      close();
      show("paused", "Paused");
    } else {
      show("waiting", "Connecting");
      open();
    }
  };

  pause.addEventListener("click", toggle);
  setInterval(announce, ANNOUNCE_MS);
  // A page that is left, or kept for the back button, holds no connection.
  addEventListener("pagehide", close);
  addEventListener("pageshow", () => {
    if (source === null && pause.getAttribute("aria-pressed") !== "true") open();
  });
  bar.hidden = false;
}
