// Two players of which one sounds at a time, and keys that can be switched off.
const form = document.querySelector(".answer"), said = document.querySelector(".said");
const players = [...document.querySelectorAll("[data-sound]")], heard = new Set(), audio = new Audio();
let now = null;
const word = (button, text) => {
  const shown = button.querySelector(".word");
  if (shown) shown.textContent = text;
};
const stop = () => {
  audio.pause();
  if (!now) return;
  now.classList.remove("sounding");
  now.style.removeProperty("--played");
  word(now, "Play");
  now = null;
};
// A recording is fetched whole, so that it begins at once when it is played again.
const load = async (button) => {
  if (!button.dataset.whole) {
    const answer = await fetch(button.dataset.sound);
    if (!answer.ok) throw new Error(await answer.text());
    button.dataset.whole = URL.createObjectURL(await answer.blob());
  }
  return button.dataset.whole;
};
const play = async (button) => {
  stop();
  now = button;
  button.classList.add("sounding");
  word(button, "Stop");
  said.textContent = `${button.dataset.name} is loading`;
  try {
    const sound = await load(button);
    if (now !== button) return;
    audio.src = sound;
    await audio.play();
    said.textContent = `${button.dataset.name} sounds`;
    heard.add(button);
    if (form) form.plays.value = Number(form.plays.value) + 1;
  } catch (fault) {
    if (now !== button || fault.name === "AbortError") return;
    stop();
    said.textContent = `No sound: ${fault.message}`;
  }
};
for (const button of players)
  button.addEventListener("click", () => {
    if (now !== button) return void play(button);
    stop();
    said.textContent = "";
  });
audio.addEventListener("timeupdate", () => now?.style.setProperty("--played", audio.currentTime / audio.duration || 0));
audio.addEventListener("ended", () => {
  stop();
  said.textContent = "";
});
if (form) {
  for (const button of players) load(button).catch(() => {});
  const keys = document.querySelector(".keys"), kept = "kantor-listening-keys";
  const inputs = [...document.querySelectorAll('.two input')];
  const show = () => document.body.classList.toggle("without", !keys.checked);
  try {
    keys.checked = localStorage.getItem(kept) !== "off";
  } catch {
    // this browser keeps nothing
  }
  show();
  keys.addEventListener("change", () => {
    show();
    try {
      localStorage.setItem(kept, keys.checked ? "on" : "off");
    } catch {
      // it is on again on the next page
    }
  });
  form.addEventListener("submit", (event) => {
    const missing = players.find((button) => !heard.has(button));
    if (missing) {
      event.preventDefault();
      said.textContent = `First play ${missing.dataset.name}.`;
    } else if (inputs.every((input) => input.type === "number" && !Number(input.value))) {
      event.preventDefault();
      said.textContent = "First count the hands for A and for B.";
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") stop();
    if (!keys.checked || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const key = event.key.toLowerCase(), place = ["1", "2"].indexOf(key);
    if (key === "a" || key === "b") players[key === "a" ? 0 : 1].click();
    else if (key === "n") form.requestSubmit();
    else if (place >= 0 && event.target.type !== "number") {
      inputs[place].focus();
      if (inputs[place].type === "radio") inputs[place].click();
    } else return;
    event.preventDefault();
  });
}
