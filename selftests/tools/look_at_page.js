// SPDX-License-Identifier: GPL-2.0-only
// What is wrong with a report as it is drawn, as a list of sentences. look_at_page.py runs
// this in the page.

/* exported look_at_page */
function look_at_page(scheme) {
	const wrong = [];

	const short = (text) => JSON.stringify(text.trim().slice(0, 40));

	// WCAG's: 1 for equal colours, 21 for black on white.
	const luminance = (colour) => {
		const [r, g, b] = colour.match(/[\d.]+/g).map((n) => {
			n /= 255;
			return n <= 0.03928 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4;
		});
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const contrast = (a, b) => {
		const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
		return (high + 0.05) / (low + 0.05);
	};
	const is_clear = (colour) => /^rgba\(.* 0\)$/.test(colour);
	const background = (e) => {
		for (; e; e = e.parentElement) {
			const colour = getComputedStyle(e).backgroundColor;

			if (!is_clear(colour))
				return colour;
		}
		return "rgb(255, 255, 255)";
	};

	// ---- texts

	// A box for each line of each text.
	const texts = () => {
		const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
		const range = document.createRange();
		const found = [];

		for (let node; (node = walker.nextNode());) {
			if (!node.data.trim() || node.parentElement.closest("title, script, style"))
				continue;
			range.selectNodeContents(node);
			for (const box of range.getClientRects()) {
				if (box.width && box.height)
					found.push({ box, text: node.data, of: node.parentElement });
			}
		}
		return found;
	};

	const check_overlap = (all) => {
		const ALLOWED = 2; // a font's box is higher than its letters

		all.sort((a, b) => a.box.top - b.box.top);
		all.forEach((a, i) => {
			for (let k = i + 1; k < all.length; k++) {
				const b = all[k];

				if (b.box.top > a.box.bottom - ALLOWED)
					break;
				if (Math.min(a.box.right, b.box.right) -
				    Math.max(a.box.left, b.box.left) > ALLOWED)
					wrong.push(`${short(a.text)} and ${short(b.text)} overlap`);
			}
		});
	};

	// What is around a text and cuts off what is outside: an SVG, or the width of the page.
	// A table that is too wide is scrolled.
	const check_clipped = ({ box, text, of }) => {
		const around = of.closest("figure > svg");

		if (around) {
			const limit = around.getBoundingClientRect();

			if (box.left < limit.left - 1 || box.right > limit.right + 1 ||
			    box.top < limit.top - 1 || box.bottom > limit.bottom + 1)
				wrong.push(`${short(text)} is clipped by its chart`);
		} else if (!of.closest(".scroll") && (box.left < 0 || box.right > innerWidth)) {
			wrong.push(`${short(text)} is clipped by the page`);
		}
	};

	const check_contrast = ({ text, of }) => {
		const style = getComputedStyle(of);
		const colour = of.closest("svg") ? style.fill : style.color;

		if (contrast(colour, background(of)) < 4.5)
			wrong.push(`${short(text)} can hardly be read: ${colour}`);
	};

	// ---- charts

	const colour_of = (shape) => {
		const { fill, stroke } = getComputedStyle(shape);

		return fill === "none" ? stroke : fill;
	};

	const check_chart = (figure) => {
		const name = short(figure.querySelector("figcaption").textContent);
		const legend = figure.querySelector(".legend") ||
			(figure.closest(".pairs") ?? figure).previousElementSibling;
		const shapes = [...figure.querySelectorAll(":scope > svg :is(path, rect)")]
			.filter((shape) => !shape.matches(".grid, .axis"));
		const drawn = shapes.filter((shape) => {
			const { width, height } = shape.getBBox();

			return width > 0 && height > 0;
		});
		const entries = legend?.matches(".legend") ? [...legend.children] : [];
		const colours = entries.map((e) => colour_of(e.querySelector("rect")));

		if (!drawn.length)
			wrong.push(`${name} has no data`);
		if (!entries.length)
			wrong.push(`${name} has no legend`);
		if (entries.some((e) => !e.textContent.trim()))
			wrong.push(`${name}: an entry of the legend has no text`);
		if (new Set(colours).size < colours.length)
			wrong.push(`${name}: two entries of the legend have one colour`);
		for (const colour of new Set(shapes.map(colour_of))) {
			if (entries.length && !colours.includes(colour))
				wrong.push(`${name}: ${colour} is not in the legend`);
			if (contrast(colour, background(figure)) < 2)
				wrong.push(`${name}: ${colour} can hardly be seen`);
		}
	};

	document.querySelectorAll("details").forEach((details) => { details.open = true; });
	const found = texts();

	if ((luminance(background(document.body)) > 0.5) !== (scheme === "light"))
		wrong.push(`the page is not ${scheme}`);
	if (document.documentElement.scrollWidth > innerWidth)
		wrong.push(`the page is ${document.documentElement.scrollWidth} px wide`);
	check_overlap(found);
	found.forEach(check_clipped);
	found.forEach(check_contrast);
	document.querySelectorAll("figure").forEach(check_chart);
	return wrong;
}
