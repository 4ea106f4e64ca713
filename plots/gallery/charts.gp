# Written by bench/suite: what the scripts in plots/ read beside the tables.
servers = 'select_server poll_server epoll_lt_server epoll_et_server'
mine = ''
peers = ''
names = 'select poll epoll LT epoll ET'
machine = 'AMD EPYC, 2 CPUs (kvm guest), Linux 6.18.44-fc-v669'
idle_headline = '1 active, 19,000 idle: epoll ET has 166 times the echoes a second of poll'
idle_method = '6 rounds of 0.2 s; bars: interval of the median'
idle_remark = 'Doubtful trials, hollow where they are half of all or more: the load generator''s CPU was the limit: the server could do more (78 trials)'
idle_cpu_headline = '100 active, 19,000 idle: poll has 11.6 times the CPU time an echo of epoll ET'
idle_cpu_method = '6 rounds; bars: interval of the median'
idle_cpu_remark = 'Doubtful trials, hollow where they are half of all or more: the load generator''s CPU was the limit: the server could do more (78 trials)'
active_headline = ''
active_method = '6 rounds of 0.2 s; bars: interval of the median'
active_remark = 'Doubtful trials, hollow where they are half of all or more: the load generator''s CPU was the limit: the server could do more (84 trials)'
size_headline = ''
size_method = '6 rounds of 0.2 s; bars: interval of the median'
size_remark = 'Doubtful trials, hollow where they are half of all or more: the load generator''s CPU was the limit: the server could do more (111 trials)'
rate_headline = ''
rate_method = '6 rounds of 0.2 s; bars: interval of the median'
rate_remark = 'Doubtful trials, hollow where they are half of all or more: the load generator''s CPU was the limit: the server could do more (26 trials); the generator itself sent too late: more than a tenth of the response time is its own (22 trials); the load was not what was planned: more than 10 % off (3 trials)'
percentiles_headline = ''
percentiles_method = '6 rounds of 0.2 s'
percentiles_remark = 'Doubtful trials, hollow where they are half of all or more: the load generator''s CPU was the limit: the server could do more (29 trials); the generator itself sent too late: more than a tenth of the response time is its own (11 trials)'
churn_headline = ''
churn_method = '6 rounds of 0.3 s; bars: interval of the median'
churn_remark = 'Doubtful trials, hollow where they are half of all or more: the load generator''s CPU was the limit: the server could do more (30 trials)'
memory_headline = '10,000 held: poll has 1.29 times the user memory a connection of epoll LT'
memory_method = '6 rounds; bars: interval of the median'
memory_remark = ''
syscalls_headline = '100 active, 900 idle: poll looks at 10.6 descriptors an echo, epoll LT at 1'
syscalls_method = '6 rounds of 0.1 s'
syscalls_remark = 'Doubtful trials, hollow where they are half of all or more: the load generator''s CPU was the limit: the server could do more (32 trials)'
fairness_headline = ''
fairness_method = '6 rounds of 0.2 s; bars: interval of the median'
fairness_remark = 'Doubtful trials, hollow where they are half of all or more: the load generator''s CPU was the limit: the server could do more (42 trials)'
freeze_headline = 'select stopped for a moment: p99 88.8 µs seen by the closed loop, 241 ms by the open one'
freeze_method = 'One round, one window for each server'
freeze_remark = ''
comparison_headline = 'Equal servers came out 1.094 to 1.60 times apart: the grey bands'
comparison_method = '6 rounds; dot: median of the ratios, line: its interval, hollow: no difference'
comparison_remark = ''
idle_table = 'idle'
idle_panels = 2
idle_columns = 2
idle_height_wide = 330
idle_height_narrow = 230
idle_room = 126
idle_title_1 = '1 active connection'
idle_where_1 = '1'
idle_metric_1 = 'rate'
idle_second_1 = 'none'
idle_x_1 = 'idle connections'
idle_low_1 = 0
idle_high_1 = 24736.584
idle_left_1 = 388.38466
idle_right_1 = 22066.53
idle_log_x_1 = 1
idle_log_y_1 = 0
idle_zero_at_1 = 451.06851
idle_broken_1 = 637.15121
idle_ytics_1 = '"0" 0, "5k" 5000, "10k" 10000, "15k" 15000, "20k" 20000'
idle_failed_1 = ''
idle_xtics_wide_1 = '"0" 451.069, "900" 900, "5k" 5000, "19k" 19000'
idle_xtics_narrow_1 = '"0" 451.069, "900" 900, "5k" 5000, "19k" 19000'
idle_title_2 = '100 active connections'
idle_where_2 = '100'
idle_metric_2 = 'rate'
idle_second_2 = 'none'
idle_x_2 = 'idle connections'
idle_low_2 = 0
idle_high_2 = 210642.14
idle_left_2 = 388.38466
idle_right_2 = 22066.53
idle_log_x_2 = 1
idle_log_y_2 = 0
idle_zero_at_2 = 451.06851
idle_broken_2 = 637.15121
idle_ytics_2 = '"0" 0, "50k" 50000, "100k" 100000, "150k" 150000, "200k" 200000'
idle_failed_2 = ''
idle_xtics_wide_2 = '"0" 451.069, "900" 900, "5k" 5000, "19k" 19000'
idle_xtics_narrow_2 = '"0" 451.069, "900" 900, "5k" 5000, "19k" 19000'
idle_cpu_table = 'idle'
idle_cpu_panels = 2
idle_cpu_columns = 2
idle_cpu_height_wide = 330
idle_cpu_height_narrow = 230
idle_cpu_room = 126
idle_cpu_title_1 = '1 active connection'
idle_cpu_where_1 = '1'
idle_cpu_metric_1 = 'cpu_per_echo'
idle_cpu_second_1 = 'none'
idle_cpu_x_1 = 'idle connections'
idle_cpu_low_1 = 9.483138
idle_cpu_high_1 = 17695.372
idle_cpu_left_1 = 388.38466
idle_cpu_right_1 = 22066.53
idle_cpu_log_x_1 = 1
idle_cpu_log_y_1 = 1
idle_cpu_zero_at_1 = 451.06851
idle_cpu_broken_1 = 637.15121
idle_cpu_ytics_1 = '"10 µs" 10, "100 µs" 100, "1 ms" 1000, "10 ms" 10000'
idle_cpu_failed_1 = ''
idle_cpu_xtics_wide_1 = '"0" 451.069, "900" 900, "5k" 5000, "19k" 19000'
idle_cpu_xtics_narrow_1 = '"0" 451.069, "900" 900, "5k" 5000, "19k" 19000'
idle_cpu_title_2 = '100 active connections'
idle_cpu_where_2 = '100'
idle_cpu_metric_2 = 'cpu_per_echo'
idle_cpu_second_2 = 'none'
idle_cpu_x_2 = 'idle connections'
idle_cpu_low_2 = 3.8747888
idle_cpu_high_2 = 100.233
idle_cpu_left_2 = 388.38466
idle_cpu_right_2 = 22066.53
idle_cpu_log_x_2 = 1
idle_cpu_log_y_2 = 1
idle_cpu_zero_at_2 = 451.06851
idle_cpu_broken_2 = 637.15121
idle_cpu_ytics_2 = '"10 µs" 10, "30 µs" 30, "100 µs" 100'
idle_cpu_failed_2 = ''
idle_cpu_xtics_wide_2 = '"0" 451.069, "900" 900, "5k" 5000, "19k" 19000'
idle_cpu_xtics_narrow_2 = '"0" 451.069, "900" 900, "5k" 5000, "19k" 19000'
active_table = 'active'
active_panels = 2
active_columns = 2
active_height_wide = 330
active_height_narrow = 230
active_room = 126
active_title_1 = 'Echoes a second'
active_where_1 = ''
active_metric_1 = 'rate'
active_second_1 = 'none'
active_x_1 = 'active connections'
active_low_1 = 0
active_high_1 = 210534.02
active_left_1 = 0.75857758
active_right_1 = 1318.2567
active_log_x_1 = 1
active_log_y_1 = 0
active_zero_at_1 = 0.19952623
active_broken_1 = 0
active_ytics_1 = '"0" 0, "50k" 50000, "100k" 100000, "150k" 150000, "200k" 200000'
active_failed_1 = ''
active_xtics_wide_1 = '"1" 1, "10" 10, "100" 100, "1k" 1000'
active_xtics_narrow_1 = '"1" 1, "10" 10, "100" 100, "1k" 1000'
active_title_2 = 'p99 latency: 99 of 100 took no longer'
active_where_2 = ''
active_metric_2 = 'p99'
active_second_2 = 'none'
active_x_2 = 'active connections'
active_low_2 = 46.259467
active_high_2 = 25144.552
active_left_2 = 0.75857758
active_right_2 = 1318.2567
active_log_x_2 = 1
active_log_y_2 = 1
active_zero_at_2 = 0.19952623
active_broken_2 = 0
active_ytics_2 = '"100 µs" 100, "1 ms" 1000, "10 ms" 10000'
active_failed_2 = ''
active_xtics_wide_2 = '"1" 1, "10" 10, "100" 100, "1k" 1000'
active_xtics_narrow_2 = '"1" 1, "10" 10, "100" 100, "1k" 1000'
size_table = 'size'
size_panels = 2
size_columns = 2
size_height_wide = 330
size_height_narrow = 230
size_room = 120
size_title_1 = 'MiB echoed a second'
size_where_1 = ''
size_metric_1 = 'mib_per_s'
size_second_1 = 'none'
size_x_1 = 'bytes in a message'
size_low_1 = 1.1373655
size_high_1 = 6598.7455
size_left_1 = 10.267407
size_right_1 = 1634026.6
size_log_x_1 = 1
size_log_y_1 = 1
size_zero_at_1 = 2.0142807
size_broken_1 = 0
size_ytics_1 = '"10" 10, "100" 100, "1,000" 1000'
size_failed_1 = ''
size_xtics_wide_1 = '"16 B" 16, "256 B" 256, "4 KiB" 4096, "64 KiB" 65536, "1 MiB" 1.04858e+06'
size_xtics_narrow_1 = '"16 B" 16, "256 B" 256, "4 KiB" 4096, "64 KiB" 65536, "1 MiB" 1.04858e+06'
size_title_2 = 'CPU time of the server a MiB'
size_where_2 = ''
size_metric_2 = 'cpu_per_mib'
size_second_2 = 'none'
size_x_2 = 'bytes in a message'
size_low_2 = 151.30828
size_high_2 = 856064.83
size_left_2 = 10.267407
size_right_2 = 1634026.6
size_log_x_2 = 1
size_log_y_2 = 1
size_zero_at_2 = 2.0142807
size_broken_2 = 0
size_ytics_2 = '"1 ms" 1000, "10 ms" 10000, "100 ms" 100000'
size_failed_2 = ''
size_xtics_wide_2 = '"16 B" 16, "256 B" 256, "4 KiB" 4096, "64 KiB" 65536, "1 MiB" 1.04858e+06'
size_xtics_narrow_2 = '"16 B" 16, "256 B" 256, "4 KiB" 4096, "64 KiB" 65536, "1 MiB" 1.04858e+06'
rate_table = 'rate'
rate_panels = 6
rate_columns = 3
rate_height_wide = 230
rate_height_narrow = 190
rate_room = 71
rate_title_1 = 'p50 latency'
rate_where_1 = 'absolute'
rate_metric_1 = 'response_p50'
rate_second_1 = 'service_p50'
rate_x_1 = 'echoes/s offered'
rate_low_1 = 27.673148
rate_high_1 = 81.56052
rate_left_1 = 240
rate_right_1 = 20760
rate_log_x_1 = 0
rate_log_y_1 = 1
rate_zero_at_1 = 501.18723
rate_broken_1 = 0
rate_ytics_1 = '"30 µs" 30, "40 µs" 40, "50 µs" 50, "60 µs" 60, "70 µs" 70, "80 µs" 80'
rate_failed_1 = ''
rate_xtics_wide_1 = '"1k" 1000, "5k" 5000, "10k" 10000, "20k" 20000'
rate_xtics_narrow_1 = '"1k" 1000, "5k" 5000, "10k" 10000, "20k" 20000'
rate_title_2 = 'p99 latency'
rate_where_2 = 'absolute'
rate_metric_2 = 'response_p99'
rate_second_2 = 'service_p99'
rate_x_2 = 'echoes/s offered'
rate_low_2 = 33.561631
rate_high_2 = 2120.7578
rate_left_2 = 240
rate_right_2 = 20760
rate_log_x_2 = 0
rate_log_y_2 = 1
rate_zero_at_2 = 501.18723
rate_broken_2 = 0
rate_ytics_2 = '"100 µs" 100, "300 µs" 300, "1 ms" 1000'
rate_failed_2 = ''
rate_xtics_wide_2 = '"1k" 1000, "5k" 5000, "10k" 10000, "20k" 20000'
rate_xtics_narrow_2 = '"1k" 1000, "5k" 5000, "10k" 10000, "20k" 20000'
rate_title_3 = 'p99.9 latency'
rate_where_3 = 'absolute'
rate_metric_3 = 'response_p999'
rate_second_3 = 'service_p999'
rate_x_3 = 'echoes/s offered'
rate_low_3 = 69.683915
rate_high_3 = 6712.7783
rate_left_3 = 240
rate_right_3 = 20760
rate_log_x_3 = 0
rate_log_y_3 = 1
rate_zero_at_3 = 501.18723
rate_broken_3 = 0
rate_ytics_3 = '"100 µs" 100, "300 µs" 300, "1 ms" 1000, "3 ms" 3000'
rate_failed_3 = ''
rate_xtics_wide_3 = '"1k" 1000, "5k" 5000, "10k" 10000, "20k" 20000'
rate_xtics_narrow_3 = '"1k" 1000, "5k" 5000, "10k" 10000, "20k" 20000'
rate_title_4 = 'p50 latency'
rate_where_4 = 'load'
rate_metric_4 = 'response_p50'
rate_second_4 = 'service_p50'
rate_x_4 = '% of own capacity offered'
rate_low_4 = 12.798769
rate_high_4 = 92141.305
rate_left_4 = 6.8
rate_right_4 = 93.2
rate_log_x_4 = 0
rate_log_y_4 = 1
rate_zero_at_4 = 6.9183097
rate_broken_4 = 0
rate_ytics_4 = '"100 µs" 100, "1 ms" 1000, "10 ms" 10000'
rate_failed_4 = ''
rate_xtics_wide_4 = '"10" 10, "50" 50, "90" 90'
rate_xtics_narrow_4 = '"10" 10, "50" 50, "90" 90'
rate_title_5 = 'p99 latency'
rate_where_5 = 'load'
rate_metric_5 = 'response_p99'
rate_second_5 = 'service_p99'
rate_x_5 = '% of own capacity offered'
rate_low_5 = 25.524328
rate_high_5 = 191606.55
rate_left_5 = 6.8
rate_right_5 = 93.2
rate_log_x_5 = 0
rate_log_y_5 = 1
rate_zero_at_5 = 6.9183097
rate_broken_5 = 0
rate_ytics_5 = '"100 µs" 100, "1 ms" 1000, "10 ms" 10000, "100 ms" 100000'
rate_failed_5 = ''
rate_xtics_wide_5 = '"10" 10, "50" 50, "90" 90'
rate_xtics_narrow_5 = '"10" 10, "50" 50, "90" 90'
rate_title_6 = 'p99.9 latency'
rate_where_6 = 'load'
rate_metric_6 = 'response_p999'
rate_second_6 = 'service_p999'
rate_x_6 = '% of own capacity offered'
rate_low_6 = 42.510097
rate_high_6 = 379999.22
rate_left_6 = 6.8
rate_right_6 = 93.2
rate_log_x_6 = 0
rate_log_y_6 = 1
rate_zero_at_6 = 6.9183097
rate_broken_6 = 0
rate_ytics_6 = '"100 µs" 100, "1 ms" 1000, "10 ms" 10000, "100 ms" 100000'
rate_failed_6 = ''
rate_xtics_wide_6 = '"10" 10, "50" 50, "90" 90'
rate_xtics_narrow_6 = '"10" 10, "50" 50, "90" 90'
percentiles_table = 'percentiles'
percentiles_panels = 2
percentiles_columns = 2
percentiles_height_wide = 330
percentiles_height_narrow = 230
percentiles_room = 126
percentiles_title_1 = '0 idle connections'
percentiles_where_1 = '0'
percentiles_metric_1 = 'response'
percentiles_second_1 = 'service'
percentiles_x_1 = 'echoes that took no longer'
percentiles_low_1 = 4.8897127
percentiles_high_1 = 22322.959
percentiles_left_1 = 0.64869597
percentiles_right_1 = 77077.71
percentiles_log_x_1 = 1
percentiles_log_y_1 = 1
percentiles_zero_at_1 = 0.12589254
percentiles_broken_1 = 0
percentiles_ytics_1 = '"10 µs" 10, "100 µs" 100, "1 ms" 1000, "10 ms" 10000'
percentiles_failed_1 = ''
percentiles_xtics_wide_1 = '"50 %%" 2, "90 %%" 10, "99 %%" 100, "99.9 %%" 1000, "99.99 %%" 10000'
percentiles_xtics_narrow_1 = '"50 %%" 2, "" 10, "99 %%" 100, "" 1000, "99.99 %%" 10000'
percentiles_title_2 = '5,000 idle connections'
percentiles_where_2 = '5000'
percentiles_metric_2 = 'response'
percentiles_second_2 = 'service'
percentiles_x_2 = 'echoes that took no longer'
percentiles_low_2 = 4.2301976
percentiles_high_2 = 198722.11
percentiles_left_2 = 0.65451198
percentiles_right_2 = 61114.237
percentiles_log_x_2 = 1
percentiles_log_y_2 = 1
percentiles_zero_at_2 = 0.12589254
percentiles_broken_2 = 0
percentiles_ytics_2 = '"10 µs" 10, "100 µs" 100, "1 ms" 1000, "10 ms" 10000, "100 ms" 100000'
percentiles_failed_2 = ''
percentiles_xtics_wide_2 = '"50 %%" 2, "90 %%" 10, "99 %%" 100, "99.9 %%" 1000, "99.99 %%" 10000'
percentiles_xtics_narrow_2 = '"50 %%" 2, "" 10, "99 %%" 100, "" 1000, "99.99 %%" 10000'
fairness_table = 'fairness'
fairness_panels = 2
fairness_columns = 2
fairness_height_wide = 330
fairness_height_narrow = 230
fairness_room = 120
fairness_title_1 = 'p50 latency'
fairness_where_1 = ''
fairness_metric_1 = 'p50'
fairness_second_1 = 'none'
fairness_x_1 = 'connections that stream without end'
fairness_low_1 = 49.034399
fairness_high_1 = 206.3488
fairness_left_1 = 0.64493746
fairness_right_1 = 4.2908407
fairness_log_x_1 = 1
fairness_log_y_1 = 1
fairness_zero_at_1 = 0.69183097
fairness_broken_1 = 0.83176377
fairness_ytics_1 = '"50 µs" 50, "100 µs" 100, "200 µs" 200'
fairness_failed_1 = ''
fairness_xtics_wide_1 = '"0" 0.691831, "1" 1, "4" 4'
fairness_xtics_narrow_1 = '"0" 0.691831, "1" 1, "4" 4'
fairness_title_2 = 'p99 latency'
fairness_where_2 = ''
fairness_metric_2 = 'p99'
fairness_second_2 = 'none'
fairness_x_2 = 'connections that stream without end'
fairness_low_2 = 66.714195
fairness_high_2 = 1639.7066
fairness_left_2 = 0.64493746
fairness_right_2 = 4.2908407
fairness_log_x_2 = 1
fairness_log_y_2 = 1
fairness_zero_at_2 = 0.69183097
fairness_broken_2 = 0.83176377
fairness_ytics_2 = '"100 µs" 100, "300 µs" 300, "1 ms" 1000'
fairness_failed_2 = ''
fairness_xtics_wide_2 = '"0" 0.691831, "1" 1, "4" 4'
fairness_xtics_narrow_2 = '"0" 0.691831, "1" 1, "4" 4'
churn_table = 'churn'
churn_panels = 4
churn_columns = 2
churn_height_wide = 92
churn_height_narrow = 92
churn_rows = 'select_server poll_server epoll_lt_server epoll_et_server'
churn_title_1 = 'connections a second'
churn_metric_1 = 'rate'
churn_high_1 = 27167.5
churn_at_1 = '0 0 0 0'
churn_title_2 = 'from connect to the end of the echo, p50'
churn_metric_2 = 'p50'
churn_high_2 = 431.103
churn_at_2 = '0 0 0 0'
churn_title_3 = 'from connect to established, p50'
churn_metric_3 = 'handshake_p50'
churn_high_3 = 21.823
churn_at_3 = '0 0 0 0'
churn_title_4 = 'CPU time of the server a connection'
churn_metric_4 = 'cpu_per_connection'
churn_high_4 = 29.1392
churn_at_4 = '0 0 0 0'
memory_table = 'memory'
memory_panels = 2
memory_columns = 2
memory_height_wide = 92
memory_height_narrow = 92
memory_rows = 'select_server poll_server epoll_lt_server epoll_et_server'
memory_title_1 = 'of the server''s own memory'
memory_metric_1 = 'user_bytes'
memory_high_1 = 81.92
memory_at_1 = '1019 10000 10000 10000'
memory_title_2 = 'of the kernel''s, both ends together'
memory_metric_2 = 'kernel_bytes'
memory_high_2 = 9660.77
memory_at_2 = '1019 10000 10000 10000'
syscalls_table = 'syscalls'
syscalls_panels = 4
syscalls_columns = 2
syscalls_height_wide = 92
syscalls_height_narrow = 92
syscalls_rows = 'select_server poll_server epoll_lt_server epoll_et_server'
syscalls_title_1 = '1 active, 0 idle'
syscalls_high_1 = 3
syscalls_title_2 = '1 active, 900 idle'
syscalls_high_2 = 3
syscalls_title_3 = '100 active, 0 idle'
syscalls_high_3 = 3
syscalls_title_4 = '100 active, 900 idle'
syscalls_high_4 = 3
freeze_table = 'freeze'
freeze_panels = 1
freeze_columns = 1
freeze_height_wide = 330
freeze_height_narrow = 300
freeze_room = 30
freeze_x_1 = 'echoes that took no longer'
freeze_low_1 = 8.3247032
freeze_high_1 = 1073496.2
freeze_left_1 = 0.6868039
freeze_right_1 = 17472.236
freeze_xtics_wide_1 = '"50 %%" 2, "90 %%" 10, "99 %%" 100, "99.9 %%" 1000, "99.99 %%" 10000'
freeze_xtics_narrow_1 = '"50 %%" 2, "90 %%" 10, "99 %%" 100, "99.9 %%" 1000, "99.99 %%" 10000'
freeze_ytics_1 = '"10 µs" 10, "100 µs" 100, "1 ms" 1000, "10 ms" 10000, "100 ms" 100000'
comparison_table = 'comparison'
comparison_panels = 2
comparison_columns = 2
comparison_deepest_1 = 10.4
comparison_height_1 = 166
comparison_title_1 = 'more is better'
comparison_left_1 = 0.5
comparison_right_1 = 2
comparison_xtics_1 = '"0.5" 0.5, "0.8" 0.8, "1" 1, "1.25" 1.25, "2" 2'
comparison_deepest_2 = 50.25
comparison_height_2 = 804
comparison_title_2 = 'less is better'
comparison_left_2 = 0.5
comparison_right_2 = 2
comparison_xtics_2 = '"0.5" 0.5, "0.8" 0.8, "1" 1, "1.25" 1.25, "2" 2'
comparison_height_wide = 804
comparison_height_narrow = 804
$labels << END
chart	panel	server	x	wide	narrow	text	where
idle	1	select_server	900	6426.61	5879.08	select 7.69k/s	after
idle	1	poll_server	19000	129.947	129.947	poll 130/s	edge
idle	1	epoll_lt_server	19000	21031.2	20803	epoll LT 21.5k/s	edge
idle	1	epoll_et_server	19000	22080.6	22308.8	epoll ET 21.6k/s	edge
idle	2	select_server	900	153557	148895	select 164k/s	after
idle	2	poll_server	19000	17821.2	17821.2	poll 17.8k/s	edge
idle	2	epoll_lt_server	19000	194871	196814	epoll LT 192k/s	edge
idle	2	epoll_et_server	19000	185935	183992	epoll ET 189k/s	edge
idle-cpu	1	select_server	900	86.546	73.2567	select 127 µs	after
idle-cpu	1	poll_server	19000	7710.25	7710.25	poll 7.71 ms	edge
idle-cpu	1	epoll_lt_server	19000	20.7824	22.2773	epoll LT 18.4 µs	edge
idle-cpu	1	epoll_et_server	19000	15.0984	14.0852	epoll ET 17 µs	edge
idle-cpu	2	select_server	900	7.12069	7.65231	select 6.03 µs	after
idle-cpu	2	poll_server	19000	59.9978	59.9978	poll 60 µs	edge
idle-cpu	2	epoll_lt_server	19000	5.70403	5.87775	epoll LT 5.43 µs	edge
idle-cpu	2	epoll_et_server	19000	4.96874	4.82189	epoll ET 5.22 µs	edge
active	1	select_server	1000	178736	180678	select 175k/s	edge
active	1	poll_server	1000	169804	167862	poll 173k/s	edge
active	1	epoll_lt_server	1000	135936	135936	epoll LT 136k/s	edge
active	1	epoll_et_server	1000	153133	153133	epoll ET 153k/s	edge
active	2	select_server	1000	13380.2	15927.3	select 10.2 ms	edge
active	2	poll_server	1000	10242.9	10855.5	poll 9.63 ms	edge
active	2	epoll_lt_server	1000	6002.64	5042.7	epoll LT 8.08 ms	edge
active	2	epoll_et_server	1000	7841.2	7398.72	epoll ET 8.13 ms	edge
size	1	select_server	1.04858e+06	4558.73	5793.94	select 3,260	edge
size	1	poll_server	1.04858e+06	3156.29	3418.91	poll 3,120	edge
size	1	epoll_lt_server	1.04858e+06	2185.3	2017.44	epoll LT 2,840	edge
size	1	epoll_et_server	1.04858e+06	1513.02	1190.46	epoll ET 1,640	edge
size	2	select_server	1.04858e+06	311.089	287.26	select 290 µs	edge
size	2	poll_server	1.04858e+06	215.616	169.767	poll 289 µs	edge
size	2	epoll_lt_server	1.04858e+06	448.836	486.068	epoll LT 383 µs	edge
size	2	epoll_et_server	1.04858e+06	647.575	822.467	epoll ET 606 µs	edge
rate	1	select_server	20000	40.6083	40.8905	select	edge
rate	1	poll_server	20000	38.0226	37.7601	poll	edge
rate	1	epoll_lt_server	20000	32.9034	33.1321	epoll LT	edge
rate	1	epoll_et_server	20000	30.8083	30.5956	epoll ET	edge
rate	2	select_server	20000	116.587	119.516	select	edge
rate	2	poll_server	20000	90.5826	88.0535	poll	edge
rate	2	epoll_lt_server	20000	150.056	162.22	epoll LT	edge
rate	2	epoll_et_server	20000	69.887	64.8735	epoll ET	edge
rate	3	select_server	20000	1405.97	1405.97	select	edge
rate	3	poll_server	20000	1856.64	1968.56	poll	edge
rate	3	epoll_lt_server	20000	1064.69	1004.16	epoll LT	edge
rate	3	epoll_et_server	20000	608.255	608.255	epoll ET	edge
rate	4	select_server	90	128.435	128.435	select	edge
rate	4	poll_server	90	220.533	247.118	poll	edge
rate	4	epoll_lt_server	90	74.7983	66.7516	epoll LT	edge
rate	4	epoll_et_server	90	6701.06	6701.06	epoll ET	edge
rate	5	select_server	90	6406.14	6444.63	select	edge
rate	5	poll_server	90	3163.06	3339.17	poll	edge
rate	5	epoll_lt_server	90	1837.43	1730.13	epoll LT	edge
rate	5	epoll_et_server	90	38142	38142	epoll ET	edge
rate	6	select_server	90	10584.1	11382.6	select	edge
rate	6	poll_server	90	5836.8	5822.3	poll	edge
rate	6	epoll_lt_server	90	3194.88	2978.15	epoll LT	edge
rate	6	epoll_et_server	90	69468.2	69468.2	epoll ET	edge
percentiles	1	select_server	40000	3091.89	2860.71	select 3.33 ms	edge
percentiles	1	poll_server	40000	4420.53	4777.76	poll 4.1 ms	edge
percentiles	1	epoll_lt_server	40000	1395.53	1508.3	epoll LT 1.32 ms	edge
percentiles	1	epoll_et_server	50000	976.086	903.104	epoll ET 1.03 ms	edge
percentiles	2	poll_server	20000	6472.91	5307.93	poll 9.47 ms	edge
percentiles	2	epoll_lt_server	30000	16125.1	19664.2	epoll LT 11.1 ms	edge
percentiles	2	epoll_et_server	40000	10216.5	10216.5	epoll ET 10.1 ms	edge
fairness	1	select_server	4	69.375	69.375	select 69.4 µs	edge
fairness	1	poll_server	4	100.607	100.607	poll 101 µs	edge
fairness	1	epoll_lt_server	4	156.159	156.159	epoll LT 156 µs	edge
fairness	1	epoll_et_server	4	111.871	111.871	epoll ET 112 µs	edge
fairness	2	select_server	4	153.087	153.087	select 153 µs	edge
fairness	2	poll_server	4	240.473	247.68	poll 231 µs	edge
fairness	2	epoll_lt_server	4	431.103	431.103	epoll LT 431 µs	edge
fairness	2	epoll_et_server	4	209.93	203.821	epoll ET 219 µs	edge
churn	1	select_server	27167.5	1	1	26.9k/s	value
churn	1	poll_server	26722.2	2	2	26.3k/s	value
churn	1	epoll_lt_server	25923.9	3	3	24.1k/s	value
churn	1	epoll_et_server	25779.3	4	4	23.4k/s	value
churn	2	select_server	408.575	1	1	348 µs	value
churn	2	poll_server	414.719	2	2	352 µs	value
churn	2	epoll_lt_server	424.959	3	3	374 µs	value
churn	2	epoll_et_server	431.103	4	4	400 µs	value
churn	3	select_server	21.055	1	1	18.2 µs	value
churn	3	poll_server	21.311	2	2	18.4 µs	value
churn	3	epoll_lt_server	21.567	3	3	18.8 µs	value
churn	3	epoll_et_server	21.823	4	4	20.2 µs	value
churn	4	select_server	29.1392	1	1	26 µs	value
churn	4	poll_server	28.8468	2	2	25.4 µs	value
churn	4	epoll_lt_server	27.551	3	3	25.5 µs	value
churn	4	epoll_et_server	27.6783	4	4	25.8 µs	value
memory	1	select_server	75.7693	1	1	71.3 B	value
memory	1	poll_server	81.92	2	2	81.9 B	value
memory	1	epoll_lt_server	63.7156	3	3	63.7 B	value
memory	1	epoll_et_server	63.7156	4	4	63.7 B	value
memory	2	select_server	9257.23	1	1	8.88 KiB	value
memory	2	poll_server	9142.35	2	2	7.61 KiB	value
memory	2	epoll_lt_server	9660.77	3	3	8.23 KiB	value
memory	2	epoll_et_server	8674.42	4	4	7.71 KiB	value
syscalls	1	select_server	3	1	1	3	value
syscalls	1	select_server	0	1	1	1	events_per_wait
syscalls	1	select_server	0	1	1	6	scanned_per_echo
syscalls	1	poll_server	3	2	2	3	value
syscalls	1	poll_server	0	2	2	1	events_per_wait
syscalls	1	poll_server	0	2	2	1	scanned_per_echo
syscalls	1	epoll_lt_server	3	3	3	3	value
syscalls	1	epoll_lt_server	0	3	3	1	events_per_wait
syscalls	1	epoll_lt_server	0	3	3	1	scanned_per_echo
syscalls	1	epoll_et_server	3	4	4	3	value
syscalls	1	epoll_et_server	0	4	4	1	events_per_wait
syscalls	1	epoll_et_server	0	4	4	1	scanned_per_echo
syscalls	2	select_server	3	1	1	3	value
syscalls	2	select_server	0	1	1	1	events_per_wait
syscalls	2	select_server	0	1	1	456	scanned_per_echo
syscalls	2	poll_server	3	2	2	3	value
syscalls	2	poll_server	0	2	2	1	events_per_wait
syscalls	2	poll_server	0	2	2	451	scanned_per_echo
syscalls	2	epoll_lt_server	3	3	3	3	value
syscalls	2	epoll_lt_server	0	3	3	1	events_per_wait
syscalls	2	epoll_lt_server	0	3	3	1	scanned_per_echo
syscalls	2	epoll_et_server	3	4	4	3	value
syscalls	2	epoll_et_server	0	4	4	1	events_per_wait
syscalls	2	epoll_et_server	0	4	4	1	scanned_per_echo
syscalls	3	select_server	2.02117	1	1	2.02	value
syscalls	3	select_server	0	1	1	50.1	events_per_wait
syscalls	3	select_server	0	1	1	1.98	scanned_per_echo
syscalls	3	poll_server	2.01762	2	2	2.02	value
syscalls	3	poll_server	0	2	2	59.3	events_per_wait
syscalls	3	poll_server	0	2	2	1.61	scanned_per_echo
syscalls	3	epoll_lt_server	2.06756	3	3	2.07	value
syscalls	3	epoll_lt_server	0	3	3	14.8	events_per_wait
syscalls	3	epoll_lt_server	0	3	3	1	scanned_per_echo
syscalls	3	epoll_et_server	2.12837	4	4	2.13	value
syscalls	3	epoll_et_server	0	4	4	7.69	events_per_wait
syscalls	3	epoll_et_server	0	4	4	1	scanned_per_echo
syscalls	4	select_server	2.0102	1	1	2.01	value
syscalls	4	select_server	0	1	1	98.6	events_per_wait
syscalls	4	select_server	0	1	1	10.1	scanned_per_echo
syscalls	4	poll_server	2.01096	2	2	2.01	value
syscalls	4	poll_server	0	2	2	92	events_per_wait
syscalls	4	poll_server	0	2	2	10.6	scanned_per_echo
syscalls	4	epoll_lt_server	2.08176	3	3	2.08	value
syscalls	4	epoll_lt_server	0	3	3	12.5	events_per_wait
syscalls	4	epoll_lt_server	0	3	3	1	scanned_per_echo
syscalls	4	epoll_et_server	2.11304	4	4	2.11	value
syscalls	4	epoll_et_server	0	4	4	8.87	events_per_wait
syscalls	4	epoll_et_server	0	4	4	1	scanned_per_echo
freeze	1	-	1.1	475035	475035	open loop, response time	right
freeze	1	-	11.5	30819.3	30819.3	open loop, service time	right
freeze	1	-	20	58.495	58.495	closed loop	above
comparison	1	-	0	1	1	echoes a second, 1 active, 900 idle	question
comparison	1	-	0	3.35	3.35	echoes a second, 1 active, 19,000 idle	question
comparison	1	-	0	6.7	6.7	echoes a second, 1 active, 0 idle	question
comparison	1	select_server	0.433402	2	2	0.43 (0.40 to 0.52)	value
comparison	1	poll_server	0.00651372	4.35	4.35	1/154 (1/182 to 1/100)	value
comparison	1	epoll_et_server	1.08538	5.35	5.35	1.09 (0.81 to 1.17)	value
comparison	1	select_server	1.01399	7.7	7.7	1.01 (0.75 to 1.19)	value
comparison	1	poll_server	0.986784	8.7	8.7	0.99 (0.85 to 1.15)	value
comparison	1	epoll_et_server	1.03417	9.7	9.7	1.03 (0.99 to 1.32)	value
comparison	2	-	0	1	1	CPU time an echo, 1 active, 900 idle	question
comparison	2	-	0	3.35	3.35	CPU time an echo, 1 active, 19,000 idle	question
comparison	2	-	0	6.7	6.7	CPU time an echo, 100 active, 900 idle	question
comparison	2	-	0	9.05	9.05	CPU time an echo, 100 active, 19,000 idle	question
comparison	2	-	0	12.4	12.4	CPU time an echo, 1 active, 0 idle	question
comparison	2	-	0	16.75	16.75	CPU time an echo, 100 active, 0 idle	question
comparison	2	-	0	21.1	21.1	CPU time a MiB, 1,048,576-byte messages	question
comparison	2	-	0	25.45	25.45	CPU time a connection	question
comparison	2	-	0	29.8	29.8	median latency, 1 active, 900 idle	question
comparison	2	-	0	32.15	32.15	median latency, 1 active, 19,000 idle	question
comparison	2	-	0	35.5	35.5	median latency, 1 active, 0 idle	question
comparison	2	-	0	39.85	39.85	p99 response time, 20,000 echoes/s	question
comparison	2	-	0	44.2	44.2	p99 response time, 50 % load	question
comparison	2	-	0	47.55	47.55	user memory a connection, 10,000 held	question
comparison	2	select_server	5.49154	2	2	5.49 (4.20 to 5.88)	value
comparison	2	poll_server	415.59	4.35	4.35	416 (256 to 526)	value
comparison	2	epoll_et_server	0.968196	5.35	5.35	0.97 (0.80 to 1.12)	value
comparison	2	select_server	1.14404	7.7	7.7	1.14 (0.97 to 1.25)	value
comparison	2	poll_server	9.79428	10.05	10.05	9.79 (7.91 to 14.2)	value
comparison	2	epoll_et_server	0.975192	11.05	11.05	0.98 (0.74 to 1.08)	value
comparison	2	select_server	0.98502	13.4	13.4	0.99 (0.80 to 1.25)	value
comparison	2	poll_server	0.999782	14.4	14.4	1.00 (0.72 to 1.16)	value
comparison	2	epoll_et_server	0.870191	15.4	15.4	0.87 (0.73 to 1.05)	value
comparison	2	select_server	0.978544	17.75	17.75	0.98 (0.82 to 1.31)	value
comparison	2	poll_server	0.969112	18.75	18.75	0.97 (0.92 to 1.46)	value
comparison	2	epoll_et_server	0.996713	19.75	19.75	1.00 (0.84 to 1.01)	value
comparison	2	select_server	0.989929	22.1	22.1	0.99 (0.44 to 1.05)	value
comparison	2	poll_server	1.01354	23.1	23.1	1.01 (0.42 to 1.40)	value
comparison	2	epoll_et_server	1.2745	24.1	24.1	1.27 (0.96 to 1.93)	value
comparison	2	select_server	1.06575	26.45	26.45	1.07 (0.99 to 1.09)	value
comparison	2	poll_server	1.05282	27.45	27.45	1.05 (0.96 to 1.07)	value
comparison	2	epoll_et_server	1.00431	28.45	28.45	1.00 (0.92 to 1.09)	value
comparison	2	select_server	2.22126	30.8	30.8	2.22 (1.80 to 2.31)	value
comparison	2	poll_server	160.831	33.15	33.15	161 (105 to 178)	value
comparison	2	epoll_et_server	0.935379	34.15	34.15	0.94 (0.78 to 1.34)	value
comparison	2	select_server	1.00481	36.5	36.5	1.00 (0.83 to 1.32)	value
comparison	2	poll_server	1.00719	37.5	37.5	1.01 (0.83 to 1.24)	value
comparison	2	epoll_et_server	0.974815	38.5	38.5	0.97 (0.76 to 1.02)	value
comparison	2	select_server	1.33034	40.85	40.85	1.33 (0.55 to 1.83)	value
comparison	2	poll_server	0.847032	41.85	41.85	0.85 (1/12.6 to 10.9)	value
comparison	2	epoll_et_server	1.01556	42.85	42.85	1.02 (1/21.9 to 1.29)	value
comparison	2	select_server	0.319645	45.2	45.2	0.32 (1/11 to 1.98)	value
comparison	2	poll_server	0.419166	46.2	46.2	0.42 (0.19 to 0.78)	value
comparison	2	poll_server	1.28571	48.55	48.55	1.29 (1.29 to 1.29)	value
comparison	2	epoll_et_server	1	49.55	49.55	1.00 (1.00 to 1.00)	value
END
$levels << END
chart	panel	height	text
idle-cpu	1	20.8177	bare recv + send
idle-cpu	2	4.9903	bare recv + send
END
$limits << END
chart	panel	server	x	text	height
idle	1	select_server	1018	FD_SETSIZE	989.463
idle	2	select_server	919	FD_SETSIZE	8425.69
idle-cpu	1	select_server	1018	FD_SETSIZE	13092.5
idle-cpu	2	select_server	919	FD_SETSIZE	88.0036
END
$stacks << END
chart	panel	server	call	y	from	to
syscalls	1	select_server	receives	1	0	1
syscalls	1	select_server	sends	1	1	2
syscalls	1	select_server	waits	1	2	3
syscalls	1	select_server	epoll_ctls	1	3	3
syscalls	1	select_server	accepts	1	3	3
syscalls	1	poll_server	receives	2	0	1
syscalls	1	poll_server	sends	2	1	2
syscalls	1	poll_server	waits	2	2	3
syscalls	1	poll_server	epoll_ctls	2	3	3
syscalls	1	poll_server	accepts	2	3	3
syscalls	1	epoll_lt_server	receives	3	0	1
syscalls	1	epoll_lt_server	sends	3	1	2
syscalls	1	epoll_lt_server	waits	3	2	3
syscalls	1	epoll_lt_server	epoll_ctls	3	3	3
syscalls	1	epoll_lt_server	accepts	3	3	3
syscalls	1	epoll_et_server	receives	4	0	1
syscalls	1	epoll_et_server	sends	4	1	2
syscalls	1	epoll_et_server	waits	4	2	3
syscalls	1	epoll_et_server	epoll_ctls	4	3	3
syscalls	1	epoll_et_server	accepts	4	3	3
syscalls	2	select_server	receives	1	0	1
syscalls	2	select_server	sends	1	1	2
syscalls	2	select_server	waits	1	2	3
syscalls	2	select_server	epoll_ctls	1	3	3
syscalls	2	select_server	accepts	1	3	3
syscalls	2	poll_server	receives	2	0	1
syscalls	2	poll_server	sends	2	1	2
syscalls	2	poll_server	waits	2	2	3
syscalls	2	poll_server	epoll_ctls	2	3	3
syscalls	2	poll_server	accepts	2	3	3
syscalls	2	epoll_lt_server	receives	3	0	1
syscalls	2	epoll_lt_server	sends	3	1	2
syscalls	2	epoll_lt_server	waits	3	2	3
syscalls	2	epoll_lt_server	epoll_ctls	3	3	3
syscalls	2	epoll_lt_server	accepts	3	3	3
syscalls	2	epoll_et_server	receives	4	0	1
syscalls	2	epoll_et_server	sends	4	1	2
syscalls	2	epoll_et_server	waits	4	2	3
syscalls	2	epoll_et_server	epoll_ctls	4	3	3
syscalls	2	epoll_et_server	accepts	4	3	3
syscalls	3	select_server	receives	1	0	1.00062
syscalls	3	select_server	sends	1	1.00062	2.00121
syscalls	3	select_server	waits	1	2.00121	2.02117
syscalls	3	select_server	epoll_ctls	1	2.02117	2.02117
syscalls	3	select_server	accepts	1	2.02117	2.02117
syscalls	3	poll_server	receives	2	0	1.00033
syscalls	3	poll_server	sends	2	1.00033	2.00066
syscalls	3	poll_server	waits	2	2.00066	2.01762
syscalls	3	poll_server	epoll_ctls	2	2.01762	2.01762
syscalls	3	poll_server	accepts	2	2.01762	2.01762
syscalls	3	epoll_lt_server	receives	3	0	0.999913
syscalls	3	epoll_lt_server	sends	3	0.999913	1.99979
syscalls	3	epoll_lt_server	waits	3	1.99979	2.06756
syscalls	3	epoll_lt_server	epoll_ctls	3	2.06756	2.06756
syscalls	3	epoll_lt_server	accepts	3	2.06756	2.06756
syscalls	3	epoll_et_server	receives	4	0	0.999211
syscalls	3	epoll_et_server	sends	4	0.999211	1.99842
syscalls	3	epoll_et_server	waits	4	1.99842	2.12837
syscalls	3	epoll_et_server	epoll_ctls	4	2.12837	2.12837
syscalls	3	epoll_et_server	accepts	4	2.12837	2.12837
syscalls	4	select_server	receives	1	0	1.00003
syscalls	4	select_server	sends	1	1.00003	2.00006
syscalls	4	select_server	waits	1	2.00006	2.0102
syscalls	4	select_server	epoll_ctls	1	2.0102	2.0102
syscalls	4	select_server	accepts	1	2.0102	2.0102
syscalls	4	poll_server	receives	2	0	1.00006
syscalls	4	poll_server	sends	2	1.00006	2.00012
syscalls	4	poll_server	waits	2	2.00012	2.01096
syscalls	4	poll_server	epoll_ctls	2	2.01096	2.01096
syscalls	4	poll_server	accepts	2	2.01096	2.01096
syscalls	4	epoll_lt_server	receives	3	0	1.00008
syscalls	4	epoll_lt_server	sends	3	1.00008	2.0002
syscalls	4	epoll_lt_server	waits	3	2.0002	2.08176
syscalls	4	epoll_lt_server	epoll_ctls	3	2.08176	2.08176
syscalls	4	epoll_lt_server	accepts	3	2.08176	2.08176
syscalls	4	epoll_et_server	receives	4	0	1.00009
syscalls	4	epoll_et_server	sends	4	1.00009	2.00021
syscalls	4	epoll_et_server	waits	4	2.00021	2.11304
syscalls	4	epoll_et_server	epoll_ctls	4	2.11304	2.11304
syscalls	4	epoll_et_server	accepts	4	2.11304	2.11304
END
$ratios << END
chart	panel	server	y	value	low	high	band_low	band_high	clear
comparison	1	select_server	2	0.433402	0.402774	0.522294	0.838224	1.193	1
comparison	1	poll_server	4.35	0.00651372	0.00549433	0.00995561	0.719855	1.38917	1
comparison	1	epoll_et_server	5.35	1.08538	0.805346	1.17316	0.719855	1.38917	0
comparison	1	select_server	7.7	1.01399	0.746339	1.18704	0.81904	1.22094	0
comparison	1	poll_server	8.7	0.986784	0.847666	1.15408	0.81904	1.22094	0
comparison	1	epoll_et_server	9.7	1.03417	0.985818	1.31768	0.81904	1.22094	0
comparison	2	select_server	2	5.49154	4.19633	5.87693	0.822498	1.21581	1
comparison	2	poll_server	4.35	415.59	255.898	525.779	0.71775	1.39324	1
comparison	2	epoll_et_server	5.35	0.968196	0.797746	1.11527	0.71775	1.39324	0
comparison	2	select_server	7.7	1.14404	0.966202	1.25417	0.874422	1.14361	0
comparison	2	poll_server	10.05	9.79428	7.90929	14.1769	0.735345	1.35991	1
comparison	2	epoll_et_server	11.05	0.975192	0.739712	1.076	0.735345	1.35991	0
comparison	2	select_server	13.4	0.98502	0.802128	1.24868	0.844669	1.1839	0
comparison	2	poll_server	14.4	0.999782	0.718087	1.16173	0.844669	1.1839	0
comparison	2	epoll_et_server	15.4	0.870191	0.726772	1.05398	0.844669	1.1839	0
comparison	2	select_server	17.75	0.978544	0.823721	1.31184	0.753465	1.3272	0
comparison	2	poll_server	18.75	0.969112	0.918437	1.46096	0.753465	1.3272	0
comparison	2	epoll_et_server	19.75	0.996713	0.840899	1.00904	0.753465	1.3272	0
comparison	2	select_server	22.1	0.989929	0.441703	1.05435	0.667545	1.49803	0
comparison	2	poll_server	23.1	1.01354	0.423533	1.40328	0.667545	1.49803	0
comparison	2	epoll_et_server	24.1	1.2745	0.955102	1.93419	0.667545	1.49803	0
comparison	2	select_server	26.45	1.06575	0.994141	1.09317	0.914307	1.09372	0
comparison	2	poll_server	27.45	1.05282	0.964043	1.06724	0.914307	1.09372	0
comparison	2	epoll_et_server	28.45	1.00431	0.915215	1.09447	0.914307	1.09372	0
comparison	2	select_server	30.8	2.22126	1.79555	2.31356	0.84241	1.18707	1
comparison	2	poll_server	33.15	160.831	105.391	177.947	0.725396	1.37856	1
comparison	2	epoll_et_server	34.15	0.935379	0.778819	1.34287	0.725396	1.37856	0
comparison	2	select_server	36.5	1.00481	0.834517	1.31592	0.812725	1.23043	0
comparison	2	poll_server	37.5	1.00719	0.82727	1.24062	0.812725	1.23043	0
comparison	2	epoll_et_server	38.5	0.974815	0.758178	1.01766	0.812725	1.23043	0
comparison	2	select_server	40.85	1.33034	0.547057	1.8298	0.623757	1.60319	0
comparison	2	poll_server	41.85	0.847032	0.0791341	10.9316	0.623757	1.60319	0
comparison	2	epoll_et_server	42.85	1.01556	0.0457453	1.29079	0.623757	1.60319	0
comparison	2	select_server	45.2	0.319645	0.0905241	1.9782	0.623757	1.60319	0
comparison	2	poll_server	46.2	0.419166	0.19459	0.778781	0.623757	1.60319	0
comparison	2	poll_server	48.55	1.28571	1.28571	1.28571	1	1	1
comparison	2	epoll_et_server	49.55	1	1	1	1	1	0
END
$expected << END
where	x	value
response	1	57.983
response	3.99981	57.983
response	4.1598	9616.08
response	4.3262	18862.3
response	4.49924	27752.9
response	4.67921	36301.6
response	4.86638	44521.5
response	5.06104	52425.2
response	5.26348	60024.9
response	5.47402	67332.3
response	5.69298	74358.7
response	5.9207	81114.9
response	6.15753	87611.1
response	6.40383	93857.6
response	6.65998	99863.7
response	6.92638	105639
response	7.20343	111192
response	7.49157	116531
response	7.79123	121666
response	8.10288	126602
response	8.427	131349
response	8.76408	135913
response	9.11464	140302
response	9.47923	144522
response	9.8584	148579
response	10.2527	152481
response	10.6628	156232
response	11.0894	159839
response	11.5329	163308
response	11.9942	166643
response	12.474	169850
response	12.973	172933
response	13.4919	175898
response	14.0316	178749
response	14.5928	181490
response	15.1765	184125
response	15.7836	186660
response	16.415	189097
response	17.0716	191440
response	17.7544	193693
response	18.4646	195859
response	19.2032	197942
response	19.9713	199945
response	20.7702	201871
response	21.601	203723
response	22.465	205503
response	23.3636	207215
response	24.2981	208862
response	25.2701	210445
response	26.2809	211967
response	27.3321	213430
response	28.4254	214837
response	29.5624	216191
response	30.7449	217492
response	31.9747	218743
response	33.2537	219946
response	34.5838	221102
response	35.9672	222214
response	37.4059	223284
response	38.9021	224312
response	40.4582	225301
response	42.0765	226251
response	43.7596	227165
response	45.51	228044
response	47.3304	228890
response	49.2236	229702
response	51.1925	230484
response	53.2402	231235
response	55.3698	231957
response	57.5846	232652
response	59.888	233320
response	62.2835	233962
response	64.7749	234580
response	67.3659	235174
response	70.0605	235744
response	72.8629	236293
response	75.7774	236821
response	78.8085	237329
response	81.9609	237817
response	85.2393	238286
response	88.6489	238737
response	92.1948	239171
response	95.8826	239589
response	99.7179	239990
response	103.707	240375
response	107.855	240746
response	112.169	241103
response	116.656	241446
response	121.322	241775
response	126.175	242092
response	131.222	242397
response	136.471	242690
response	141.93	242972
response	147.607	243243
response	153.511	243504
response	159.652	243754
response	166.038	243995
response	172.679	244227
response	179.586	244450
response	186.77	244664
response	194.241	244870
response	202.01	245068
response	210.091	245258
response	218.494	245441
response	227.234	245617
response	236.323	245787
response	245.776	245949
response	255.607	246106
response	265.832	246256
response	276.465	246401
response	287.524	246540
response	299.025	246674
response	310.986	246803
response	323.425	246926
response	336.362	247045
response	349.816	247159
response	363.809	247269
response	378.361	247375
response	393.496	247477
response	409.236	247575
response	425.605	247669
response	442.629	247759
response	460.335	247846
response	478.748	247929
response	497.898	248010
response	517.814	248087
response	538.526	248161
response	560.067	248233
response	582.47	248301
response	605.769	248367
response	630	248431
response	655.2	248492
response	681.408	248551
response	708.664	248607
response	737.01	248661
response	766.491	248714
response	797.15	248764
response	829.037	248812
response	862.198	248858
response	896.686	248903
response	932.553	248946
response	969.855	248987
response	1008.65	249027
response	1049	249065
response	1090.96	249102
response	1134.59	249137
response	1179.98	249171
response	1227.18	249203
response	1276.26	249235
response	1327.31	249265
response	1380.41	249294
response	1435.62	249322
response	1493.05	249348
response	1552.77	249374
response	1614.88	249399
response	1679.48	249423
response	1746.65	249446
response	1816.52	249468
response	1889.18	249489
response	1964.75	249509
response	2043.34	249529
response	2125.07	249548
response	2210.08	249566
response	2298.48	249583
response	2390.42	249600
response	2486.03	249616
response	2585.48	249631
response	2688.89	249646
response	2796.45	249661
response	2908.31	249674
response	3024.64	249688
response	3145.63	249700
response	3271.45	249713
response	3402.31	249724
response	3538.4	249736
response	3679.94	249746
response	3827.14	249757
response	3980.22	249767
response	4139.43	249777
response	4305.01	249786
response	4477.21	249795
response	4656.3	249803
response	4842.55	249812
response	5036.25	249820
response	5237.7	249827
response	5447.21	249835
response	5665.1	249842
response	5891.7	249848
response	6127.37	249855
response	6372.46	249861
response	6627.36	249867
response	6892.46	249873
response	7168.15	249879
response	7454.88	249884
response	7753.08	249889
response	8063.2	249894
response	8385.73	249899
response	8721.16	249904
response	9070	249908
response	9432.8	249912
response	9810.11	249916
response	10202.5	249920
response	10610.6	249924
response	11035	249928
response	11476.4	249931
response	11935.5	249934
response	12000	249935
service	1	57.727
service	10	57.727
service	10	150016
service	10.4	153862
service	10.816	157560
service	11.2486	161116
service	11.6986	164536
service	12.1665	167823
service	12.6532	170985
service	13.1593	174024
service	13.6857	176947
service	14.2331	179758
service	14.8024	182460
service	15.3945	185058
service	16.0103	187557
service	16.6507	189959
service	17.3168	192269
service	18.0094	194490
service	18.7298	196626
service	19.479	198680
service	20.2582	200654
service	21.0685	202553
service	21.9112	204378
service	22.7877	206134
service	23.6992	207822
service	24.6472	209445
service	25.633	211005
service	26.6584	212506
service	27.7247	213948
service	28.8337	215336
service	29.987	216670
service	31.1865	217952
service	32.434	219186
service	33.7313	220371
service	35.0806	221512
service	36.4838	222608
service	37.9432	223662
service	39.4609	224676
service	41.0393	225651
service	42.6809	226588
service	44.3881	227489
service	46.1637	228356
service	48.0102	229189
service	49.9306	229990
service	51.9278	230760
service	54.005	231501
service	56.1652	232213
service	58.4118	232898
service	60.7482	233556
service	63.1782	234190
service	65.7053	234798
service	68.3335	235384
service	71.0668	235947
service	73.9095	236488
service	76.8659	237008
service	79.9405	237509
service	83.1381	237990
service	86.4637	238452
service	89.9222	238897
service	93.5191	239325
service	97.2599	239736
service	101.15	240132
service	105.196	240512
service	109.404	240878
service	113.78	241229
service	118.332	241567
service	123.065	241892
service	127.987	242205
service	133.107	242505
service	138.431	242794
service	143.968	243072
service	149.727	243339
service	155.716	243596
service	161.945	243843
service	168.423	244081
service	175.16	244309
service	182.166	244529
service	189.453	244740
service	197.031	244943
service	204.912	245138
service	213.108	245326
service	221.633	245506
service	230.498	245680
service	239.718	245847
service	249.307	246007
service	259.279	246161
service	269.65	246310
service	280.436	246452
service	291.653	246589
service	303.32	246721
service	315.452	246848
service	328.071	246970
service	341.193	247087
service	354.841	247200
service	369.035	247308
service	383.796	247413
service	399.148	247513
service	415.114	247609
service	431.718	247702
service	448.987	247791
service	466.947	247877
service	485.625	247959
service	505.049	248038
service	525.251	248114
service	546.262	248188
service	568.112	248258
service	590.836	248326
service	614.47	248391
service	639.049	248453
service	664.611	248514
service	691.195	248571
service	718.843	248627
service	747.597	248681
service	777.5	248732
service	808.6	248781
service	840.945	248829
service	874.582	248875
service	909.566	248919
service	945.948	248961
service	983.786	249002
service	1023.14	249041
service	1064.06	249078
service	1106.63	249115
service	1150.89	249149
service	1196.93	249183
service	1244.8	249215
service	1294.6	249246
service	1346.38	249275
service	1400.23	249304
service	1456.24	249331
service	1514.49	249358
service	1575.07	249383
service	1638.08	249408
service	1703.6	249431
service	1771.74	249454
service	1842.61	249475
service	1916.32	249496
service	1992.97	249516
service	2072.69	249536
service	2155.6	249554
service	2241.82	249572
service	2331.49	249589
service	2424.75	249606
service	2521.74	249622
service	2622.61	249637
service	2727.52	249652
service	2836.62	249666
service	2950.08	249679
service	3068.09	249692
service	3190.81	249705
service	3318.44	249717
service	3451.18	249728
service	3589.23	249740
service	3732.8	249750
service	3882.11	249761
service	4037.39	249771
service	4198.89	249780
service	4366.84	249789
service	4541.52	249798
service	4723.18	249806
service	4912.1	249815
service	5108.59	249822
service	5312.93	249830
service	5525.45	249837
service	5746.47	249844
service	5976.33	249851
service	6215.38	249857
service	6463.99	249863
service	6722.55	249869
service	6991.46	249875
service	7271.11	249881
service	7561.96	249886
service	7864.44	249891
service	8179.02	249896
service	8506.18	249901
service	8846.42	249905
service	9200.28	249909
service	9568.29	249914
service	9951.02	249918
service	10349.1	249922
service	10763	249925
service	11193.5	249929
service	11641.3	249932
service	12000	249935
closed	1	58.495
closed	12000	58.495
END
