// While a composition plays, a line moves over its roll; starting one stops the other.
for (const audio of document.querySelectorAll("audio")) {
  const take = audio.closest(".take");
  const head = take.querySelector(".playhead");
  const roll = take.querySelector(".roll");
  const scroll = take.querySelector(".scroll");
  const follow = () => {
    const share = Math.min(1, audio.currentTime / Number(take.dataset.seconds));
    head.setAttribute("transform", `translate(${share * roll.viewBox.baseVal.width} 0)`);
    const x = share * roll.clientWidth;
    if (x < scroll.scrollLeft || x > scroll.scrollLeft + scroll.clientWidth * 0.9)
      scroll.scrollLeft = x - scroll.clientWidth * 0.1;
    if (!audio.paused) requestAnimationFrame(follow);
  };
  audio.addEventListener("play", () => {
    for (const other of document.querySelectorAll("audio")) if (other !== audio) other.pause();
    take.classList.add("playing");
    follow();
  });
  audio.addEventListener("seeked", follow);
  audio.addEventListener("ended", () => take.classList.remove("playing"));
}
