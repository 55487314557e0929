// How far a plan came, asked for again while it goes on. Without it the page is right as of when it was made.

const EACH_MS = 2_000;

const refresh = async () => {
  const here = document.querySelector("[data-moving]");
  if (!here || document.hidden) return;
  // A page that asks by itself keeps no session alive.
  const answer = await fetch(location.href, { headers: { accept: "text/html", "countersign-open-page": "yes" } });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const next = page.querySelector("[data-moving]");
  // It came to an end, or halted: the whole page is another one.
  if (!next) {
    location.reload();
    return;
  }
  if (next.innerHTML !== here.innerHTML) here.replaceChildren(...next.childNodes);
};

setInterval(() => {
  refresh().catch(() => {
    // The next turn asks again.
  });
}, EACH_MS);
