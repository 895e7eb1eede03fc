import "lookalike";

const element = document.createElement("more-like-this");
Object.assign(element, { item: "875317", src: "/lookalike/", heading: "More like this", photo: true });
element.addEventListener("mlt-error", ({ detail }) => console.error(detail.message));
document.body.append(element);
