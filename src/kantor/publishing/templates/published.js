// The playhead goes over the roll with the recording; a click on the roll goes there.
const audio = document.querySelector("audio"), take = document.querySelector(".take");
if (audio) {
  const times = JSON.parse(take.dataset.times), roll = take.querySelector(".roll");
  const head = take.querySelector(".playhead"), scroll = take.querySelector(".scroll");
  const between = (value, from, to) => {
    let index = 1;
    while (index < times.length - 1 && times[index][from] <= value) index += 1;
    const [a, b] = [times[index - 1], times[index]];
    return a[to] + ((value - a[from]) / (b[from] - a[from])) * (b[to] - a[to]);
  };
  const steps = times.at(-1)[1];
  const show = () => {
    const share = Math.min(1, between(audio.currentTime, 0, 1) / steps), x = share * roll.clientWidth;
    head.setAttribute("transform", `translate(${share * steps} 0)`);
    take.classList.toggle("playing", audio.currentTime > 0);
    if (!audio.paused && (x < scroll.scrollLeft || x > scroll.scrollLeft + scroll.clientWidth * 0.9))
      scroll.scrollLeft = x - scroll.clientWidth * 0.1;
  };
  const move = () => {
    show();
    if (!audio.paused) requestAnimationFrame(move);
  };
  audio.addEventListener("play", move);
  audio.addEventListener("seeked", show);
  roll.addEventListener("click", (event) => {
    const box = roll.getBoundingClientRect();
    audio.currentTime = between(((event.clientX - box.left) / box.width) * steps, 1, 0);
  });
}
