# SPDX-License-Identifier: GPL-2.0-only
# gnuplot -e "dir='WHERE'" plot.gp: the plots from the points there
set terminal svg size 900,480 font "sans,12" background "white"
set grid ytics lc rgb "#dddddd"
set datafile separator "\t"
set key outside right top
# As a logarithmic axis, but with room for 0 and what is below.
set nonlinear y via asinh(y) inverse sinh(y)

set output dir.'/ways.svg'
set ylabel "instructions an exit more than stock"
set title "mitigations=off"
set yrange [0:10000]
set xtics rotate by -20
set ytics (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000)
set style data histograms
set style fill solid 0.8 border -1
set boxwidth 0.9
plot for [i = 2:6] dir.'/ways.dat' using i:xtic(1) title columnheader(i) noenhanced

set output dir.'/readers.svg'
set logscale x 2
set xlabel "vCPUs"
set ylabel "instructions a read"
unset title
set xtics norotate
set yrange [-100:2000000]
set ytics (-100, -10, 0, 10, 100, 1000, 10000, 100000, 1000000)
set xrange [0.8:640]
set xtics (1, 64, 512)
plot dir.'/readers.dat' using 1:2 with linespoints lw 2 title "the host's table", \
     '' using 1:3 with linespoints lw 2 title "its histogram", \
     '' using 1:5 with linespoints lw 2 title "the dearest leaf", \
     '' using 1:4 with linespoints lw 2 title "leaf 0x4FFFFFFF", \
     '' using 1:6 with lines dt 2 lc rgb "#808080" title "a leaf's goal"
