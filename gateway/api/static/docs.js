"use strict";

// Renders /openapi.json; builds nodes only, never markup from text.
function node(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function bilingual(summary) {
  const [vi, en] = summary.split(" / ");
  return [vi, " ", node("small", { lang: "en" }, en || "")];
}

function schemaName(schema) {
  return schema && schema.$ref ? schema.$ref.split("/").pop() : "";
}

function link(schema) {
  const name = schemaName(schema);
  return name ? node("a", { href: `#schema-${name}` }, name) : "text";
}

function example(schema, schemas) {
  const found = schemas[schemaName(schema)];
  return found && found.examples ? JSON.stringify(found.examples[0], null, 2) : "";
}

function parameters(operation) {
  return (operation.parameters || []).map((one) => node("p", {}, "Tham số ", node("small", { lang: "en" }, "Parameter"),
    `: ${one.name} (${one.in}), ví dụ ${one.example}`));
}

function body(operation, schemas) {
  if (!operation.requestBody) return [];
  return Object.entries(operation.requestBody.content).flatMap(([type, media]) => {
    const shown = example(media.schema, schemas);
    const line = node("p", {}, "Nội dung gửi ", node("small", { lang: "en" }, "Body"), `: ${type}, `, link(media.schema));
    return shown ? [line, node("pre", { tabindex: "0" }, shown)] : [line];
  });
}

function responses(operation) {
  const rows = Object.entries(operation.responses).map(([status, response]) => {
    const types = Object.entries(response.content).flatMap(([type, media]) => [`${type} `, link(media.schema), " "]);
    return node("tr", {}, node("td", {}, status), node("td", {}, ...bilingual(response.description)), node("td", {}, ...types));
  });
  return node("table", {}, node("tbody", {}, ...rows));
}

function article(path, method, operation, schemas) {
  const who = operation.security.length
    ? operation.security.map((way) => Object.entries(way).map(([name, scopes]) => [name, ...scopes].join(" ")).join(", ")).join("; ")
    : "mở / open";
  return node("article", { id: operation.operationId },
    node("h3", {}, node("span", { class: "method" }, method.toUpperCase()), path),
    node("p", {}, ...bilingual(operation.summary)),
    node("p", {}, "Phạm vi ", node("small", { lang: "en" }, "Access"), `: ${who}`),
    ...parameters(operation), ...body(operation, schemas), responses(operation));
}

function problems(api) {
  const codes = api.components.schemas.Problem.properties.code;
  codes["x-extensible-enum"].forEach((code, at) => {
    const [, statuses, words] = /^([0-9 ]+): (.*)$/.exec(codes["x-enum-descriptions"][at]);
    document.getElementById("problems").append(
      node("dt", { id: `problem-${code}` }, `${statuses} ${code}`), node("dd", {}, ...bilingual(words)));
  });
}

// Schemas are folded; who follows a link to one wants to see it.
function show() {
  const target = document.getElementById(location.hash.slice(1));
  if (!target) return;
  if (target.localName === "details") target.open = true;
  target.scrollIntoView();
}

async function render() {
  const answer = await fetch("/openapi.json");
  const api = await answer.json();
  const schemas = api.components.schemas;
  const main = document.getElementById("operations");
  main.replaceChildren();
  for (const [path, methods] of Object.entries(api.paths)) for (const [method, operation] of Object.entries(methods)) {
    main.append(article(path, method, operation, schemas));
    document.getElementById("contents").append(
      node("li", {}, node("a", { href: `#${operation.operationId}` }, `${method.toUpperCase()} ${path}`)));
  }
  problems(api);
  for (const [name, schema] of Object.entries(schemas)) {
    document.getElementById("schemas").append(node("details", { id: `schema-${name}` },
      node("summary", {}, name), node("pre", { tabindex: "0" }, JSON.stringify(schema, null, 2))));
  }
  if (location.hash) location.replace(location.hash);
  show();
}

addEventListener("hashchange", show);

render().catch(() => {
  document.getElementById("operations").replaceChildren("Không tải được /openapi.json. Could not load it.");
});
