"""Writes the expected outputs of the chat template tests, with Python's jinja2 set up as transformers does.

Usage: python3 tools/golden/templates.py        (needs jinja2 3.1.6)

Rendered are the snippets of template_snippets.py and the templates in runtime/src/test/resources/templates/own, in
full, and those in $DEMOTIC_EVAL_DATA/templates, of which only hashes are kept.
"""

import datetime
import hashlib
import json
import os
import pathlib

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from template_snippets import CONTEXT, SNIPPETS

NOW = datetime.datetime(2025, 3, 7, 14, 5, 9, tzinfo=datetime.timezone.utc)
RESOURCES = pathlib.Path(__file__).parents[2] / "runtime/src/test/resources/templates"


class Generation(Extension):
    """The generation tag; what it marks does not matter for the text."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller):
        return caller()


def environment():
    def raise_exception(message):
        raise jinja2.TemplateError(message)

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = NOW.strftime
    return env


def render(template, variables):
    """The text, or None where rendering fails."""
    try:
        return ENVIRONMENT.from_string(template).render(**variables)
    except Exception:
        return None


ENVIRONMENT = environment()

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "Weather at a place",
            "parameters": {
                "type": "object",
                "properties": {
                    "city": {"type": "string", "description": "The city"},
                    "days": {"type": ["integer", "null"], "description": " how many "},
                    "limits": {"type": "object", "additionalProperties": {"type": "number"}, "description": "bounds"},
                    "fields": {"type": "array", "items": {"type": "string"}, "description": "which"},
                },
                "required": ["city"],
            },
            "return": {"type": "object", "description": "a forecast"},
        },
    },
    {
        "type": "function",
        "function": {
            "name": "add",
            "description": 'Adds <two> "numbers" – ünïcode',
            "parameters": {
                "type": "object",
                "properties": {"a": {"type": "number", "description": "x", "default": 1.5}},
                "required": ["a"],
            },
        },
    },
]


def system(text):
    return {"role": "system", "content": text}


def user(text):
    return {"role": "user", "content": text}


def assistant(text, **more):
    return {"role": "assistant", "content": text, **more}


def calls(count=1, as_text=False, **fields):
    arguments = {"city": "Zürich", "days": 2, "f": 1.0, "deep": {"x": [1, True, None]}}
    return {
        "role": "assistant",
        **fields,
        "tool_calls": [
            {
                "id": f"abcdefgh{i}",
                "type": "function",
                "function": {
                    "name": TOOLS[i % 2]["function"]["name"],
                    "arguments": json.dumps(arguments) if as_text else arguments,
                },
            }
            for i in range(count)
        ],
    }


def result(i=0, content='{"t": 3}'):
    return {"role": "tool", "tool_call_id": f"abcdefgh{i}", "name": TOOLS[i % 2]["function"]["name"], "content": content}


def conversation(*messages, **more):
    return {
        "bos_token": "<s>",
        "eos_token": "</s>",
        "tools": None,
        "documents": None,
        "add_generation_prompt": True,
        "messages": list(messages),
        **more,
    }


SYSTEM = system(" You are terse. ")
CONVERSATIONS = {
    "plain": conversation(user("Hi <b> & 'you' 😀")),
    "finished": conversation(user("Hi"), assistant("Hello."), add_generation_prompt=False),
    "system": conversation(SYSTEM, user("Hi")),
    "many turns": conversation(SYSTEM, user("1"), assistant("<think>\nhm\n</think>\n\n 2 "), user("3"), assistant("4"), user("5\n")),
    "reasoning": conversation(user("1"), assistant("2", reasoning_content="\nbecause\n"), add_generation_prompt=False),
    "no thinking": conversation(user("1"), enable_thinking=False, thinking=False),
    "thinking": conversation(user("1"), enable_thinking=True, thinking=True),
    "tools": conversation(SYSTEM, user("Weather?"), tools=TOOLS),
    "tools, no system": conversation(user("Weather?"), tools=TOOLS),
    "call": conversation(user("Weather?"), calls(content=None), result(), assistant("Cold."), user("Thanks"), tools=TOOLS),
    "call without content": conversation(user("Weather?"), calls(), result(), tools=TOOLS),
    "call as text": conversation(SYSTEM, user("Weather?"), calls(as_text=True, content=""), result(), tools=TOOLS),
    "two calls": conversation(user("Both?"), calls(2, content="Well."), result(0), result(1, "4"), assistant("Done"), tools=TOOLS),
    "parts": conversation(user([{"type": "text", "text": "What is "}, {"type": "image"}, {"type": "text", "text": "this?"}])),
    "documents": conversation(user("q"), documents=[{"title": "A", "text": "a"}, {"title": "B", "text": "b", "doc_id": 7}]),
    "wrong order": conversation(assistant("1"), user("2"), user("3")),
    "other roles": conversation({"role": "developer", "content": "d"}, user("1"), date_string="1 Jan 2025"),
    "nothing": conversation(),
    "messages only": {"messages": [user("1")]},
}


def write(name, value):
    text = json.dumps(value, ensure_ascii=True, indent=1)
    (RESOURCES / name).write_text(text + "\n", encoding="utf-8")


def main():
    write("context.json", CONTEXT)
    write("snippets.json", [{"template": t, "expected": render(t, CONTEXT)} for t in SNIPPETS])
    write("conversations.json", CONVERSATIONS)
    own = {
        path.name: {name: render(path.read_text(encoding="utf-8"), c) for name, c in CONVERSATIONS.items()}
        for path in sorted((RESOURCES / "own").glob("*.jinja"))
    }
    write("own.json", own)
    if "DEMOTIC_EVAL_DATA" in os.environ:
        folder = pathlib.Path(os.environ["DEMOTIC_EVAL_DATA"]) / "templates"
        write("foreign.json", {path.name: hashes(path) for path in sorted(folder.glob("*.jinja"))})


def hashes(path):
    template = path.read_bytes().decode("utf-8")
    # Some templates loop over tools that may be none, which fails in Python: here it counts as nothing to loop over.
    given = {name: {k: v for k, v in c.items() if v is not None} for name, c in CONVERSATIONS.items()}
    texts = {name: render(template, c) for name, c in given.items()}
    return {name: text and hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}


if __name__ == "__main__":
    main()
