#!/bin/sh
# Makes generated/ from frame.fbs; needs flatc 2.0.8 (Debian's package flatbuffers-compiler).
set -eu
cd "$(dirname "$0")"
rm -rf generated
flatc --ts --gen-all -o generated frame.fbs
# Node.js wants file endings in imports; the types of the library's `bb` are stricter than the generator knows.
find generated -name '*.ts' -exec sed -i -E "s#from '(\.[^']*)'#from '\1.js'#" {} +
