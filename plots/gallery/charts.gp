# Written by bench/suite: what the scripts in plots/ read beside table.tsv.
servers = 'select_server poll_server epoll_lt_server epoll_et_server'
panels = '1 100'
least_idle = 100
most_idle = 19000
from_zero = 1
machine = 'AMD EPYC, 2 CPUs (kvm guest), Linux 6.18.44-fc-v669'
method = '6 rounds of 0.3 s, bars: least to greatest round; 64-byte messages, closed loop'
remark = 'With 100 active connections the load generator used up to 100 % of its CPU: it limits the rate, too.'
throughput_title = '19,000 idle, 1 active: epoll ET answers 126 times as often as poll'
latency_title = ''
cpu_title = '19,000 idle, 1 active: an echo costs poll 309 times the CPU time of epoll ET'
held_title = 'select holds 1,019 connections, the others all that were asked for'
throughput_low_1 = 0
throughput_high_1 = 20520.2
throughput_low_100 = 0
throughput_high_100 = 209634
latency_low_1 = 37.7595
latency_high_1 = 29674.7
latency_low_100 = 37.7595
latency_high_100 = 29674.7
cpu_low_1 = 2.4477
cpu_high_1 = 17396.3
cpu_low_100 = 2.4477
cpu_high_100 = 17396.3
$labels << END
chart	active	server	idle	value	height	text	where
throughput	1	select_server	900	7415.47	7415.47	select 7.42k/s	end
throughput	1	poll_server	19000	108.172	108.172	poll 108/s	edge
throughput	1	epoll_lt_server	19000	15060.2	15140.5	epoll_lt 15.1k/s	edge
throughput	1	epoll_et_server	19000	13948.4	13868.2	epoll_et 13.9k/s	edge
throughput	100	select_server	900	151752	151752	select 152k/s	end
throughput	100	poll_server	19000	13596	13596	poll 13.6k/s	edge
throughput	100	epoll_lt_server	19000	164249	164249	epoll_lt 164k/s	edge
throughput	100	epoll_et_server	19000	144608	144608	epoll_et 145k/s	edge
latency	1	select_server	900	242.175	242.175	select 242 µs	end
latency	1	poll_server	19000	13664.3	13664.3	poll 13.7 ms	edge
latency	1	epoll_lt_server	19000	115.967	96.7806	epoll_lt 116 µs	edge
latency	1	epoll_et_server	19000	122.111	146.319	epoll_et 122 µs	edge
latency	100	select_server	900	1454.08	1454.08	select 1.45 ms	end
latency	100	poll_server	19000	11370.5	11370.5	poll 11.4 ms	edge
latency	100	epoll_lt_server	19000	1150.97	1410.17	epoll_lt 1.15 ms	edge
latency	100	epoll_et_server	19000	1142.78	932.736	epoll_et 1.14 ms	edge
cpu	1	select_server	900	133.898	133.898	select 134 µs	end
cpu	1	poll_server	19000	9230.81	9230.81	poll 9.23 ms	edge
cpu	1	epoll_lt_server	19000	26.5026	21.7017	epoll_lt 26.5 µs	edge
cpu	1	epoll_et_server	19000	30.7968	37.6097	epoll_et 30.8 µs	edge
cpu	100	select_server	900	6.57487	6.57487	select 6.57 µs	end
cpu	100	poll_server	19000	73.8353	73.8353	poll 73.8 µs	edge
cpu	100	epoll_lt_server	19000	5.34358	4.33783	epoll_lt 5.34 µs	edge
cpu	100	epoll_et_server	19000	6.10265	7.51758	epoll_et 6.1 µs	edge
END
$limits << END
server	most
select_server	1019
END
