const LONGEST_FRAME_MS = 250;

/**
 * A function that does the work at most once a frame, however often it is called. A hidden page has no frames: a timer
 * stands in, so that the work is done all the same.
 * @param {() => void} work
 * @param {number} [pause] ms to wait before, for work that need not be done in every frame
 */
export function perFrame(work, pause = 0) {
  let waits = false;
  const now = () => {
    if (waits) {
      waits = false;
      work();
    }
  };
  return () => {
    if (!waits) {
      waits = true;
      setTimeout(() => requestAnimationFrame(now), pause);
      setTimeout(now, pause + LONGEST_FRAME_MS);
    }
  };
}
