// A line moves over the roll of what plays; starting one stops the other. Where there is no
// recording, the browser sings the notes of the roll itself.
let stop = () => {};

function follow(take, now, playing) {
  const roll = take.querySelector(".roll"), head = take.querySelector(".playhead");
  const scroll = take.querySelector(".scroll");
  take.classList.add("playing");
  const move = () => {
    const share = Math.min(1, now() / Number(take.dataset.seconds));
    head.setAttribute("transform", `translate(${share * roll.viewBox.baseVal.width} 0)`);
    const x = share * roll.clientWidth;
    if (x < scroll.scrollLeft || x > scroll.scrollLeft + scroll.clientWidth * 0.9)
      scroll.scrollLeft = x - scroll.clientWidth * 0.1;
    if (playing() && share < 1) requestAnimationFrame(move);
    else if (share >= 1) take.classList.remove("playing");
  };
  move();
}

for (const audio of document.querySelectorAll("audio")) {
  const take = audio.closest(".take");
  audio.addEventListener("play", () => {
    stop();
    stop = () => audio.pause();
    if (take.querySelector(".roll")) follow(take, () => audio.currentTime, () => !audio.paused);
  });
}

function sing(take, context) {
  const step = 15 / Number(take.dataset.tempo), high = Number(take.dataset.high);
  const start = context.currentTime + 0.1;
  const notes = [...take.querySelectorAll(".roll g:not(.drum) > path")].flatMap(path =>
    [...path.getAttribute("d").matchAll(/M([\d.]+) ([\d.]+)h([\d.]+)/g)].map(m => m.slice(1).map(Number)));
  for (const [at, row, length] of notes) {
    const tone = context.createOscillator(), gain = context.createGain();
    const begin = start + at * step, end = begin + length * step;
    tone.type = "triangle";
    tone.frequency.value = 440 * 2 ** ((high - row - 69) / 12);
    gain.gain.setValueAtTime(0, begin);
    gain.gain.linearRampToValueAtTime(0.14, begin + 0.03);
    gain.gain.setValueAtTime(0.14, Math.max(begin + 0.03, end - 0.02));
    gain.gain.linearRampToValueAtTime(0, end + 0.05);
    tone.connect(gain).connect(context.destination);
    tone.start(begin);
    tone.stop(end + 0.06);
  }
  return start;
}

for (const button of document.querySelectorAll("button")) {
  button.hidden = !window.AudioContext;
  const take = button.closest(".take");
  button.addEventListener("click", () => {
    if (button.textContent === "Stop") return stop();
    stop();
    const context = new AudioContext();
    const start = sing(take, context);
    let playing = true;
    button.textContent = "Stop";
    stop = () => {
      playing = false;
      take.classList.remove("playing");
      button.textContent = "Play";
      context.close();
      stop = () => {};
    };
    const own = stop;
    follow(take, () => Math.max(0, context.currentTime - start), () => playing);
    setTimeout(() => playing && own(), (Number(take.dataset.seconds) + 0.5) * 1000);
  });
}
