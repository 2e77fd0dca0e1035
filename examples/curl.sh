#!/bin/sh
# curl against `demotic serve`: ./curl.sh [http://localhost:8080]
set -eu
url=${1:-http://localhost:8080}

curl -sS --fail-with-body "$url/v1/models" -H "Authorization: Bearer ${DEMOTIC_API_KEY:-none}"
echo
curl -sS --fail-with-body --no-buffer "$url/v1/chat/completions" \
  -H "Authorization: Bearer ${DEMOTIC_API_KEY:-none}" \
  -H "Content-Type: application/json" \
  -d '{
    "messages": [{"role": "user", "content": "Write a Java method that adds two numbers."}],
    "temperature": 0,
    "max_tokens": 60,
    "stream": true
  }'
