# SPDX-License-Identifier: GPL-2.0-only
set terminal svg size 720,400 font "sans,12" background "white"
set logscale x 2
set xlabel "threads"
set ylabel "ns of CPU time an exit"
set yrange [0:*]
set key left top
set grid
plot data using 1:2 with linespoints lw 2 lc rgb "#0060ad" title "ours", \
     data using 1:9 with linespoints lw 2 lc rgb "#0060ad" dt 2 title "ours, without RDTSC", \
     data using 1:4 with linespoints lw 2 lc rgb "#2e8b57" title "ours, with the dump each 500", \
     data using 1:6 with linespoints lw 2 lc rgb "#c03028" title "four atomics"
