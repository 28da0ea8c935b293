# SPDX-License-Identifier: GPL-2.0-only
# gnuplot -e "dir='WHERE'" study.gp: the study's pictures from the points there
set terminal svg size 900,480 font "sans,12" background "white"
set grid ytics lc rgb "#dddddd"
set key outside right top

set output dir.'/rates.svg'
set xlabel "seconds of the emulated host"
set ylabel "exits a second"
set logscale y
set yrange [0.5:*]
set format y "%.0f"
load dir.'/phases.gp'
plot for [i = 2:8] dir.'/rates.dat' using 1:i with linespoints ps 0.3 lw 1.5 title columnheader(i) noenhanced
unset label
unset object
unset logscale y

set output dir.'/cycles.svg'
set xlabel ""
set ylabel "% of the host's time that handling exits took"
set yrange [0:*]
set format y "%g"
set style data histograms
set style histogram rowstacked
set style fill solid 0.8 border -1
set boxwidth 0.7
plot for [i = 2:8] dir.'/cycles.dat' using i:xtic(1) title columnheader(i) noenhanced

set output dir.'/latency.svg'
set xlabel "cycles of an exit (a bucket from here to twice that)"
set ylabel "exits"
set logscale x 2
set logscale y
set format x "2^{%L}"
set yrange [0.8:*]
set format y "%.0f"
plot for [i = 2:7] dir.'/latency.dat' using 1:i with histeps lw 1.5 title columnheader(i) noenhanced
