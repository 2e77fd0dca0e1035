// The npm client of OpenAI against `demotic serve`: npm install && node openai.mjs [http://localhost:8080]
import OpenAI from "openai";

const url = process.argv[2] ?? "http://localhost:8080";
const client = new OpenAI({ baseURL: url + "/v1", apiKey: process.env.DEMOTIC_API_KEY ?? "none" });

const model = (await client.models.list()).data[0].id;
const chunks = await client.chat.completions.create({
  model,
  messages: [{ role: "user", content: "Write a Java method that adds two numbers." }],
  temperature: 0,
  max_tokens: 60,
  stream: true,
  stream_options: { include_usage: true },
});
for await (const chunk of chunks) {
  process.stdout.write(chunk.choices[0]?.delta?.content ?? "");
  if (chunk.usage) {
    console.log(`\n(${chunk.usage.completion_tokens} tokens)`);
  }
}
