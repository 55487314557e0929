// How far a plan came, and what comes after it, asked for again while that goes on. Without it the page is right as of when it was made.

const EACH_MS = 2_000;

const refresh = async () => {
  const here = [...document.querySelectorAll("[data-moving]")];
  if (here.length === 0 || document.hidden) return;
  // A page that asks by itself keeps no session alive.
  const answer = await fetch(location.href, { headers: { accept: "text/html", "countersign-open-page": "yes" } });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const next = here.map(({ dataset }) => page.querySelector(`[data-moving="${dataset.moving}"]`));
  // Something came to an end, or halted: the whole page is another one.
  if (next.includes(null)) {
    location.reload();
    return;
  }
  here.forEach((part, at) => {
    if (next[at].innerHTML !== part.innerHTML) part.replaceChildren(...next[at].childNodes);
  });
};

setInterval(() => {
  refresh().catch(() => {
    // The next turn asks again.
  });
}, EACH_MS);
