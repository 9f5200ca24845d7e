// The stretch of time that the timeline and the charts show, in ms: one for all of them.
const zoom = { from: 0, to: 0, all: 0, followers: [] };

/** Show from one moment to another; all of the run where nothing is said. */
function zoomTo(from = 0, to = zoom.all) {
  const least = Math.max(1, zoom.all / 2000);
  const wide = Math.min(Math.max(to - from, least), zoom.all);
  zoom.from = Math.min(Math.max(0, from), zoom.all - wide);
  zoom.to = zoom.from + wide;
  for (const follow of zoom.followers) follow();
}
const isZoomed = () => zoom.to - zoom.from < zoom.all - 0.5;
function zoomBy(factor, around = (zoom.from + zoom.to) / 2) {
  zoomTo(around - (around - zoom.from) * factor, around + (zoom.to - around) * factor);
}
const panBy = (part) => zoomTo(zoom.from + (zoom.to - zoom.from) * part, zoom.to + (zoom.to - zoom.from) * part);

drawers.unshift((found) => {
  const whole = !isZoomed();
  zoom.all = Math.max(1, 1000 * found.seconds);
  if (whole || zoom.to > zoom.all) zoomTo();
});
