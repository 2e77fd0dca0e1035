#!/bin/sh
# Builds the native kernels with the C compiler that this machine has: build.sh TARGET_FOLDER
# Without a compiler, or on a processor that the kernels do not know, it says so and builds nothing; Demotic then computes with
# the Vector API.
set -eu
source=$(cd "$(dirname "$0")" && pwd)
case "$(uname -s)" in
  Darwin) system=macos library=libdemotic.dylib ;;
  *) system=linux library=libdemotic.so ;;
esac
case "$(uname -m)" in
  x86_64 | amd64)
    machine=x86_64
    sets="avx2 avx512" bytes="avxvnni avx512vnni" bf16="avx512bf16"
    flags_avx2="-mavx2 -mfma -mf16c"
    flags_avxvnni="$flags_avx2 -mavxvnni"
    flags_avx512="$flags_avx2 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mprefer-vector-width=512"
    flags_avx512vnni="$flags_avx512 -mavx512vnni"
    flags_avx512bf16="$flags_avx512 -mavx512bf16" ;;
  aarch64 | arm64)
    machine=aarch64
    sets="neon" bytes="i8mm" bf16=""
    flags_neon="-march=armv8.2-a+dotprod+fp16" flags_i8mm="-march=armv8.2-a+dotprod+fp16+i8mm" ;;
  *)
    echo "Demotic has no native kernels for $(uname -m); it will compute with the Vector API, several times slower."
    exit 0 ;;
esac
for compiler in "${CC:-}" cc gcc clang; do
  if [ -n "$compiler" ] && command -v "$compiler" > /dev/null; then CC=$compiler && break; fi
done
if ! command -v "${CC:-cc}" > /dev/null; then
  echo "No C compiler found (CC, cc, gcc, clang), so no native kernels are built; Demotic will compute with the Vector API," \
    "several times slower. Install gcc and build again."
  exit 0
fi

target=$1/$system-$machine
if [ -f "$target/$library" ] && [ -z "$(find "$source" -newer "$target/$library" -type f)" ]; then exit 0; fi
echo "Compiling the native kernels with $CC ..."
objects=$(mktemp -d)
trap 'rm -rf "$objects"' EXIT
mkdir -p "$target"

# Contraction off: a product and a sum are rounded as they are written. The products are written out in registers already: more
# than -O1 unrolls them once more, to no gain, and gcc's replacing of temporaries by expressions (ter) puts sums into memory.
compile() { # source, optimisation, name, flags
  # shellcheck disable=SC2086
  "$CC" -std=gnu11 $2 -ffp-contract=off -fPIC -fvisibility=hidden -Wall $4 -c "$source/$1.c" -o "$objects/$3.o" \
    || touch "$objects/failed"
}
knows() { "$CC" "$1" -Werror -E - < /dev/null > /dev/null 2>&1; }
registers="-O1"
if knows -fno-tree-ter; then registers="-O1 -fno-tree-ter"; fi
# gcc 10 knows all instructions but these.
known=""
case $bytes in
  *avxvnni*) if knows -mavxvnni; then known="-DAVXVNNI"; else bytes="avx512vnni"; fi ;;
esac
background=0
queue() {
  compile "$@" &
  background=$((background + 1))
  if [ $((background % 2)) = 0 ]; then wait; fi
}
# One source for one instruction set.
queue_for() { # set, source, optimisation
  eval "flags=\$flags_$1"
  queue "$2" "$3" "$2_$1" "$flags -DISA=$1"
}
for set in $sets $bytes; do
  queue_for "$set" product_quantized "$registers"
  queue_for "$set" ceilings -O2
done
for set in $sets $bf16; do queue_for "$set" product_float -O1; done
for set in $sets; do
  queue_for "$set" attention -O1
  queue_for "$set" rows -O3
done
queue pack -O3 pack ""
queue kernels -O2 kernels "$known"
wait
if [ -f "$objects/failed" ]; then
  echo "The native kernels do not compile with $CC; set CC to a newer gcc or clang." >&2
  exit 1
fi
"$CC" -shared -o "$target/$library" "$objects"/*.o -lm
