/**
 * A function that does the work at most once a frame, however often it is called. A hidden page has no frames: a timer
 * stands in, so that the work is done all the same.
 * @param {() => void} work
 */
export function perFrame(work) {
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
      requestAnimationFrame(now);
      setTimeout(now, 250);
    }
  };
}
