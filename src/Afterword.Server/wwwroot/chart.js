// Says what the points of a chart stand for: of the one under the pointer, or by the arrow keys. Without this script their titles do.

const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };

/** Makes the charts of a part of the page tell their points. */
export function tell(part) {
  for (const area of part.querySelectorAll(".area")) tellPoints(area);
}

function tellPoints(area) {
  const points = [...area.querySelectorAll(".point")];
  const tip = document.createElement("p");
  const [value, more, when] = ["strong", "span", "span"].map(name => tip.appendChild(document.createElement(name)));
  let at = -1;

  function show(index) {
    points[at]?.classList.remove("on");
    const point = points[at = index];
    tip.hidden = !point;
    if (!point) return;

    point.classList.add("on");
    const { across, down } = point.dataset;
    value.textContent = point.dataset.value;
    more.textContent = point.dataset.more;
    when.textContent = point.dataset.when;
    // It stays within the chart, and off its point.
    tip.style.insetInlineStart = `${across}%`;
    tip.style.translate = `-${across}%`;
    tip.classList.toggle("low", down < 50);
  }

  function showNearest({ clientX }) {
    const { left, width } = area.getBoundingClientRect();
    const distance = point => Math.abs(point.dataset.across - 100 * (clientX - left) / width);
    show(points.reduce((best, point, index) => distance(point) < distance(points[best]) ? index : best, 0));
  }

  for (const point of points) point.querySelector("title").remove();
  tip.className = "tip";
  tip.hidden = true;
  tip.setAttribute("aria-live", "polite");
  area.append(tip);
  area.classList.add("told");
  area.tabIndex = 0;
  area.addEventListener("pointermove", showNearest);
  area.addEventListener("pointerdown", showNearest);
  area.addEventListener("pointerleave", ({ pointerType }) => pointerType === "mouse" && show(-1));
  area.addEventListener("focus", () => area.matches(":focus-visible") && show(points.length - 1));
  area.addEventListener("blur", () => show(-1));
  area.addEventListener("keydown", event => {
    if (event.key === "Escape") return show(-1);
    if (!(event.key in steps)) return;
    event.preventDefault();
    show(Math.min(Math.max(at + steps[event.key], 0), points.length - 1));
  });
}
