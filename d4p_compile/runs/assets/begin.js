// The page is there: what it holds is drawn.
fitted();
unpacked().then((found) => { if (found) redraw(found); }).catch((error) => {
  byId("unpacked")?.removeAttribute("hidden");
  console.error(error);
});
