# SPDX-License-Identifier: GPL-2.0-only
# gnuplot -e "dir='WHERE'" plot.gp: the plots from the points there
set terminal svg size 900,480 font "sans,12" background "white"
set grid ytics lc rgb "#dddddd"
set datafile separator "\t"
set logscale y
set key outside right top

set output dir.'/ways.svg'
set ylabel "instructions an exit more than stock"
set yrange [0.8:*]
set style data histograms
set style fill solid 0.8 border -1
set boxwidth 0.9
plot for [i = 2:6] dir.'/ways.dat' using i:xtic(1) title columnheader(i) noenhanced

set output dir.'/readers.svg'
set logscale x 2
set xlabel "vCPUs"
set ylabel "instructions a read"
set yrange [*:*]
set xrange [0.8:640]
set xtics (1, 64, 512)
plot dir.'/readers.dat' using 1:2 with linespoints lw 2 title "the host's table", \
     '' using 1:3 with linespoints lw 2 title "its histogram", \
     '' using 1:5 with linespoints lw 2 title "the dearest leaf", \
     '' using 1:4 with linespoints lw 2 title "leaf 0x4FFFFFFF", \
     '' using 1:6 with lines dt 2 lc rgb "#808080" title "a leaf's goal"
