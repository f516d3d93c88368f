// What OpenAI's own client for Node gets from an address: one JSON object, a result for each call by its name.
// The text of a message tells the model behind the address how to answer (see test_official_clients_in_node.py).
import OpenAI from "openai";

const { url, key, headers, models, pixel } = JSON.parse(process.argv[2]);
let asked = 0;
const next = () => models[asked++ % models.length]; // so that what failed before is not held against the next call
const client = new OpenAI({ baseURL: url, apiKey: key, defaultHeaders: headers, maxRetries: 0, timeout: 20_000 });
const asking = (script, more = {}) => ({
  model: next(),
  messages: [{ role: "user", content: script }],
  ...more,
});
const chat = (script, more, options) => client.chat.completions.create(asking(script, more), options);
const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const tools = ["weather", "time"].map((name) => ({ type: "function", function: { name, parameters } }));
const schema = {
  type: "object",
  properties: { number: { type: "integer" }, stops: { type: "array", items: { type: "string" } } },
  required: ["number", "stops"],
  additionalProperties: false,
};
const json = { type: "json_schema", json_schema: { name: "parcel", strict: true, schema } };

async function joined(stream) {
  let text = "";
  for await (const chunk of stream) text += chunk.choices[0]?.delta?.content ?? "";
  return text;
}

const calls = {
  async chat() {
    const found = await chat("well");
    return [found.choices[0].message.content, found.choices[0].finish_reason, found.usage.completion_tokens];
  },
  async stream() {
    return joined(await chat("well", { stream: true }));
  },
  async stream_with_usage() {
    let last;
    for await (const chunk of await chat("well", { stream: true, stream_options: { include_usage: true } })) last = chunk;
    return [last.choices.length, last.usage.completion_tokens];
  },
  async tools() {
    const found = await chat("well", { tools });
    return found.choices[0].message.tool_calls.map((one) => [one.function.name, one.function.arguments]);
  },
  async tools_streamed() {
    const found = await client.chat.completions.stream(asking("well", { tools })).finalChatCompletion();
    return found.choices[0].message.tool_calls.map((one) => [one.function.name, one.function.arguments]);
  },
  async schema() {
    const found = await client.chat.completions.parse(asking("well", { response_format: json }));
    return found.choices[0].message.parsed;
  },
  async images() {
    const image = { type: "image_url", image_url: { url: pixel } };
    const content = [{ type: "text", text: "what is this" }, image, image];
    const found = await client.chat.completions.create({ model: next(), messages: [{ role: "user", content }] });
    return found.choices[0].message.content;
  },
  async choices() {
    const found = await chat("well", { n: 3, logprobs: true });
    return found.choices.map((one) => [one.index, one.message.content, one.logprobs.content[0].logprob]);
  },
  async response() {
    return (await client.responses.create({ model: next(), input: "well" })).output_text;
  },
  async response_streamed() {
    const kinds = [];
    let text = "";
    for await (const event of await client.responses.create({ model: next(), input: "well", stream: true })) {
      kinds.push(event.type);
      if (event.type === "response.output_text.delta") text += event.delta;
    }
    return [kinds[0], text, kinds.at(-1)];
  },
  async embeddings() {
    const found = await client.embeddings.create({ model: next(), input: ["good day", "bye"], dimensions: 4 });
    return found.data.map((one) => one.embedding);
  },
  async models() {
    for await (const one of client.models.list()) return (await client.models.retrieve(one.id)).id === one.id;
  },
  async errors() {
    const found = {};
    for (const status of [400, 401, 403, 404, 409, 422, 429, 500, 502, 503]) {
      try {
        await chat(`status ${status}`);
        found[status] = "nothing was thrown";
      } catch (error) {
        found[status] = [error.constructor.name, error.status, typeof error.error?.message];
      }
    }
    return found;
  },
  async retries() {
    return (await chat("twice 429", {}, { maxRetries: 2 })).choices[0].message.content;
  },
  async timeout() {
    try {
      await chat("hang", {}, { timeout: 200 });
    } catch (error) {
      return error.constructor.name;
    }
  },
  async abort() {
    const stream = await chat("hang within", { stream: true });
    for await (const chunk of stream) {
      if (chunk.choices[0].delta.content) break;
    }
    return stream.controller.signal.aborted;
  },
  async side_by_side() {
    const found = await Promise.all(Array.from({ length: 20 }, () => chat("together 20")));
    return found.map((one) => one.choices[0].message.content);
  },
};

const results = {};
for (const [name, call] of Object.entries(calls)) {
  try {
    results[name] = await call();
  } catch (error) {
    results[name] = { thrown: `${error.constructor.name}: ${error.message}` };
  }
}
console.log(JSON.stringify(results));
