// What OpenAI's npm client expects of a server: node conformance.mjs URL CALLING_URL KEY
// The second server calls the tool "weather" whatever it is asked, and wants the key.
import assert from "node:assert/strict";
import test from "node:test";
import OpenAI from "openai";

const [url, callingUrl, key] = process.argv.slice(2);
const client = new OpenAI({ baseURL: url + "v1", apiKey: "none", maxRetries: 0 });
const calling = new OpenAI({ baseURL: callingUrl + "v1", apiKey: key, maxRetries: 0 });
const model = "small";
const question = {
  model,
  messages: [
    { role: "system", content: "You are brief." },
    { role: "user", content: "What is the capital of France?" },
  ],
  temperature: 0,
  max_completion_tokens: 20,
};
const tools = [{ type: "function", function: { name: "weather", parameters: { type: "object", properties: {} } } }];

const whole = async (fields = {}) => (await client.chat.completions.create({ ...question, ...fields })).choices[0];

test("chat", async () => {
  const completion = await client.chat.completions.create(question);
  assert.equal(completion.object, "chat.completion");
  assert.equal(completion.model, model);
  assert.match(completion.id, /^chatcmpl-/);
  assert.equal(completion.choices[0].message.role, "assistant");
  assert.equal(completion.choices[0].message.refusal, null);
  assert.ok(completion.choices[0].message.content.length > 0);
  assert.ok(["stop", "length"].includes(completion.choices[0].finish_reason));
  const { prompt_tokens, completion_tokens, total_tokens, prompt_tokens_details } = completion.usage;
  assert.equal(total_tokens, prompt_tokens + completion_tokens);
  assert.ok(prompt_tokens_details.cached_tokens >= 0);
  assert.match(completion._request_id, /^req_/);
});

test("seeds are promises", async () => {
  const drawn = { temperature: 1, seed: 11 };
  assert.equal((await whole(drawn)).message.content, (await whole(drawn)).message.content);
});

test("several choices", async () => {
  const completion = await client.chat.completions.create({ ...question, n: 3, temperature: 1 });
  assert.deepEqual(completion.choices.map((choice) => choice.index), [0, 1, 2]);
});

test("streaming", async () => {
  let text = "";
  let usage = null;
  let reason = null;
  const ids = new Set();
  const options = { ...question, stream: true, stream_options: { include_usage: true } };
  for await (const chunk of await client.chat.completions.create(options)) {
    ids.add(chunk.id + chunk.created);
    text += chunk.choices[0]?.delta.content ?? "";
    reason = chunk.choices[0]?.finish_reason ?? reason;
    usage = chunk.usage ?? usage;
  }
  assert.equal(ids.size, 1);
  assert.equal(text, (await whole()).message.content);
  assert.ok(["stop", "length"].includes(reason));
  assert.ok(usage.completion_tokens > 0);
});

test("the stream helper collects the same message", async () => {
  const message = await client.chat.completions.stream(question).finalMessage();
  assert.equal(message.content, (await whole()).message.content);
});

test("a stream can be left", async () => {
  const stream = await client.chat.completions.create({ ...question, max_completion_tokens: 400, stream: true });
  for await (const chunk of stream) {
    if (chunk.choices[0].delta.content) {
      break;
    }
  }
  assert.ok(stream.controller.signal.aborted);
  assert.ok((await whole()).message.content);
});

test("likelihoods", async () => {
  const choice = await whole({ logprobs: true, top_logprobs: 3 });
  assert.equal(choice.logprobs.content.map((token) => token.token).join(""), choice.message.content);
  for (const token of choice.logprobs.content) {
    assert.ok(token.logprob <= 0);
    assert.equal(token.top_logprobs.length, 3);
    assert.equal(Buffer.from(token.bytes).toString(), token.token);
  }
});

test("tools", async () => {
  const { choices } = await calling.chat.completions.create({ ...question, max_completion_tokens: 100, tools });
  assert.equal(choices[0].finish_reason, "tool_calls");
  const [call] = choices[0].message.tool_calls;
  assert.equal(call.type, "function");
  assert.equal(call.function.name, "weather");
  assert.deepEqual(JSON.parse(call.function.arguments), { city: "Paris" });
});

test("streamed tools", async () => {
  const message = await calling.chat.completions
    .stream({ ...question, max_completion_tokens: 100, tools })
    .finalMessage();
  assert.equal(message.tool_calls.length, 1);
  assert.equal(message.tool_calls[0].function.name, "weather");
  assert.deepEqual(JSON.parse(message.tool_calls[0].function.arguments), { city: "Paris" });
});

test("completions", async () => {
  const completion = await client.completions.create({
    model,
    prompt: "public class Stack {",
    max_tokens: 8,
    temperature: 0,
    echo: true,
    logprobs: 1,
  });
  assert.equal(completion.object, "text_completion");
  assert.ok(completion.choices[0].text.startsWith("public class Stack {"));
  assert.equal(completion.choices[0].logprobs.tokens.join(""), completion.choices[0].text);
});

test("embeddings", async () => {
  const request = { model, input: ["a stack of things", "a queue"] };
  // The client asks for base64 unless told otherwise, and decodes it.
  const decoded = await client.embeddings.create(request);
  const floats = await client.embeddings.create({ ...request, encoding_format: "float" });
  assert.equal(decoded.data.length, 2);
  for (let i = 0; i < 2; i++) {
    assert.deepEqual([...decoded.data[i].embedding], [...new Float32Array(floats.data[i].embedding)]);
  }
  const base64 = await client.embeddings.create({ ...request, encoding_format: "base64" });
  assert.equal(typeof base64.data[0].embedding, "string");
  assert.ok(decoded.usage.prompt_tokens > 0);
});

test("models", async () => {
  const ids = [];
  for await (const each of client.models.list()) {
    ids.push(each.id);
  }
  assert.deepEqual(ids, [model]);
  assert.equal((await client.models.retrieve(model)).object, "model");
});

test("responses", async () => {
  const request = { model, instructions: "You are brief.", input: "What is the capital of France?", temperature: 0 };
  const response = await client.responses.create(request);
  assert.equal(response.object, "response");
  assert.equal(response.status, "completed");
  assert.ok(response.output_text.length > 0);
  assert.ok(response.usage.output_tokens > 0);
  let text = "";
  const types = [];
  for await (const event of await client.responses.create({ ...request, stream: true })) {
    types.push(event.type);
    text += event.type === "response.output_text.delta" ? event.delta : "";
  }
  assert.equal(text, response.output_text);
  assert.equal(types[0], "response.created");
  assert.equal(types.at(-1), "response.completed");
  const final = await client.responses.stream(request).finalResponse();
  assert.equal(final.output[0].content[0].text, text);
});

test("responses call tools", async () => {
  const response = await calling.responses.create({
    model,
    input: "What is the weather in Paris?",
    tools: [{ type: "function", name: "weather", parameters: { type: "object", properties: {} }, strict: false }],
  });
  const call = response.output.find((item) => item.type === "function_call");
  assert.equal(call.name, "weather");
  assert.deepEqual(JSON.parse(call.arguments), { city: "Paris" });
});

test("errors", async () => {
  await assert.rejects(client.chat.completions.create({ ...question, temperature: -1 }), (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.equal(error.param, "temperature");
    assert.equal(error.type, "invalid_request_error");
    return true;
  });
  await assert.rejects(client.chat.completions.create({ ...question, model: "gpt-9" }), (error) => {
    assert.ok(error instanceof OpenAI.NotFoundError);
    assert.equal(error.code, "model_not_found");
    return true;
  });
  const long = [{ role: "user", content: "word ".repeat(600) }];
  await assert.rejects(client.chat.completions.create({ ...question, messages: long }), (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.equal(error.code, "context_length_exceeded");
    return true;
  });
  const json = { response_format: { type: "json_object" } };
  await assert.rejects(client.chat.completions.create({ ...question, ...json }), OpenAI.BadRequestError);
  const stranger = new OpenAI({ baseURL: callingUrl + "v1", apiKey: "wrong", maxRetries: 0 });
  await assert.rejects(stranger.models.list(), OpenAI.AuthenticationError);
});

test("the decoding method is an extension", async () => {
  const completion = await client.chat.completions.create({ ...question, method: "suffix" });
  assert.equal(completion.choices[0].message.content, (await whole({ method: "plain" })).message.content);
  assert.ok(completion.timings.draft_n >= completion.timings.draft_n_accepted);
});
