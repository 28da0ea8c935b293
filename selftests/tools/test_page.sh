#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The page that report writes, as Chromium draws it at 700 and 1200 px, light and dark: each
# chart has data and a legend, no text overlaps another or is clipped, all can be read; nothing
# is loaded, and the console stays empty. Pages that are broken on purpose show that each of
# these faults would be noticed. Arguments: the program kvm-exit-stats, fake-host (not used),
# and make_recording.

set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../lib/shell.sh
. "$here/../lib/shell.sh"
command -v chromium >/dev/null || skip_all "there is no chromium"

program=$1
make_recording=$3
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export LC_ALL=C.UTF-8

# page NAME ARGUMENT...: what report writes of a recording
page() {
	name=$1
	shift
	"$program" report "$@" --html "$dir/$name.html" && pages="$pages $name.html"
}

# broken NAME SED WORDS: the page few.html, changed; Chromium must find these words wrong
broken() {
	sed "$2" "$dir/few.html" >"$dir/$1.html"
	echo "$1 $3" >>"$dir/broken"
	cmp -s "$dir/few.html" "$dir/$1.html" && echo "# $1: sed changed nothing"
	pages="$pages $1.html"
}

pages=
"$make_recording" 120 1 3 8 >"$dir/few"
"$make_recording" 120 1 25 15 events >"$dir/many"
sed 's/"web-1"/"<b>\&amp; a name that is as long as few are, with blanks, ä and 中文, and even longer"/' \
	"$dir/few" >"$dir/names"
page few "$dir/few"
page many "$dir/many"
page names "$dir/names"
page one-vm "$dir/many" --vm web-2
page cycles "$dir/many" --cycles
good=$pages

broken image 's|<h1>|<img src="http://192.0.2.1/a.png" alt=""><h1>|' 192.0.2.1
broken style 's|</head>|<link rel="stylesheet" href="a.css"></head>|' a.css
broken script '/Content-Security/d; /^"content=/d; s|</body>|<script>no_such()</script></body>|' no_such
broken no-legend 's|<ul class="legend">|<ul>|' "has no legend"
broken other-legend 's|<rect class="c1" width="12"|<rect class="c6" width="12"|' "not in the legend"
broken one-colour 's|--c1: #[0-9a-f]*|--c1: #0072b2|' "have one colour"
broken no-data '/<path class="c[0-9]* area"/d; s|<rect class="bar" x|<rect class="grid" x|' "has no data"
broken clipped 's|>p90 |>p90, 90 % of the exits are not longer than this: |' "is clipped by its chart"
broken overlap 's|\.legend { display: flex|.legend { margin-top: -3rem !important; display: flex|' overlap
broken wide 's|max-width: 70rem|min-width: 80rem|' "px wide"
broken grey 's|--dim: #[0-9a-f]*|--dim: #888888|g' "can hardly be read"
broken pale 's|--c2: #[0-9a-f]*|--c2: #f0f0f0|' "can hardly be seen"
broken light 's|prefers-color-scheme: dark|prefers-color-scheme: none|' "not dark"

# shellcheck disable=SC2086 # words
(cd "$dir" && timeout 300 python3 "$here/look_at_page.py" $pages) >"$dir/seen" 2>"$dir/errors"
status=$?
[ $status -eq 1 ] && [ ! -s "$dir/errors" ]
ok $? "Chromium looked at $(echo "$pages" | wc -w) pages"
sed 's/^/# /' "$dir/errors"
for name in $good; do
	! grep "^$name" "$dir/seen" >"$dir/wrong"
	ok $? "$name: charts, texts, console and network are as they should be"
	sort -u "$dir/wrong" | head -n 10 | sed 's/^/# /'
done
while read -r name words; do
	grep "^$name.html" "$dir/seen" | grep -qF -e "$words"
	ok $? "a page that is broken by $name is noticed: '$words'"
done <"$dir/broken"
done_testing
