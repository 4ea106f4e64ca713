/*
 * What the book says of edge-triggered epoll: EPOLLET in epoll(7).
 *
 * An edge is an arrival, not a state.  Each test here asks what makes one.
 */
#include "claims.h"

#include <poll.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>

/* What the edge-triggered server asks of a connection, once and for all. */
enum { ALL_EDGES = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP };

/* A new epoll instance that watches this descriptor edge-triggered. */
static int watch_edges(int fd, uint32_t events)
{
    int epoll_fd = epoll_create1(0);
    struct epoll_event event = {.events = events | EPOLLET};
    ck_assert_int_eq(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event), 0);
    return epoll_fd;
}

/* The events told with the next edge; 0 when none comes in this time. */
static uint32_t next_edge(int epoll_fd, int timeout_ms)
{
    struct epoll_event event;
    int nready = epoll_wait(epoll_fd, &event, 1, timeout_ms);
    ck_assert_int_ge(nready, 0);
    return nready == 0 ? 0 : event.events;
}

/* Unread data is told once; the wait then times out over it: epoll(7). */
START_TEST(edge_triggered_epoll_reports_unread_data_once)
{
    struct pair pair = open_local_pair();
    int epoll_fd = watch_edges(pair.ours, EPOLLIN);
    send_text(pair.peer, "ab");

    ck_assert_uint_eq(next_edge(epoll_fd, 0), EPOLLIN);
    ck_assert_uint_eq(next_edge(epoll_fd, 20), 0);

    /* Nor is the rest told after a part was read. */
    char byte;
    ck_assert_int_eq(recv(pair.ours, &byte, 1, 0), 1);
    ck_assert_uint_eq(next_edge(epoll_fd, 20), 0);
}
END_TEST

/* New data makes a new edge, although the old data is unread: epoll(7). */
START_TEST(new_data_makes_a_new_edge)
{
    struct pair pair = open_local_pair();
    int epoll_fd = watch_edges(pair.ours, EPOLLIN);

    for (int times = 0; times < 3; times++) {
        send_text(pair.peer, "x");
        ck_assert_uint_eq(next_edge(epoll_fd, 0), EPOLLIN);
        ck_assert_uint_eq(next_edge(epoll_fd, 0), 0);
    }
}
END_TEST

/* Two arrivals between two waits are told as one edge: epoll(7). */
START_TEST(edges_between_two_waits_are_one)
{
    struct pair pair = open_local_pair();
    int epoll_fd = watch_edges(pair.ours, EPOLLIN);
    send_text(pair.peer, "x");
    send_text(pair.peer, "y");

    ck_assert_uint_eq(next_edge(epoll_fd, 0), EPOLLIN);
    ck_assert_uint_eq(next_edge(epoll_fd, 0), 0);
}
END_TEST

/* What is ready when it is registered is told as an edge: epoll_ctl(2). */
START_TEST(registering_tells_what_is_ready_already)
{
    struct pair pair = open_local_pair();
    send_text(pair.peer, "x");
    int epoll_fd = watch_edges(pair.ours, EPOLLIN);
    ck_assert_uint_eq(next_edge(epoll_fd, 0), EPOLLIN);
}
END_TEST

/* EPOLL_CTL_MOD tells an edge again that was told before: epoll(7). */
START_TEST(modifying_tells_the_edge_again)
{
    struct pair pair = open_local_pair();
    int epoll_fd = watch_edges(pair.ours, EPOLLIN);
    send_text(pair.peer, "x");
    ck_assert_uint_eq(next_edge(epoll_fd, 0), EPOLLIN);
    ck_assert_uint_eq(next_edge(epoll_fd, 0), 0);

    struct epoll_event same = {.events = EPOLLIN | EPOLLET};
    ck_assert_int_eq(epoll_ctl(epoll_fd, EPOLL_CTL_MOD, pair.ours, &same), 0);
    ck_assert_uint_eq(next_edge(epoll_fd, 0), EPOLLIN);
}
END_TEST

/* A listener's edge is one for all clients that wait: accept them all. */
START_TEST(one_edge_stands_for_many_waiting_clients)
{
    int listen_fd = open_listener();
    int epoll_fd = watch_edges(listen_fd, EPOLLIN);
    for (int i = 0; i < 3; i++)
        connect_to(listen_fd);

    ck_assert_uint_eq(next_edge(epoll_fd, PATIENCE_MS), EPOLLIN);
    ck_assert_int_ge(accept(listen_fd, NULL, NULL), 0);
    ck_assert_uint_eq(next_edge(epoll_fd, 20), 0);
    ck_assert_int_ge(accept(listen_fd, NULL, NULL), 0);
}
END_TEST

/* An edge carries all that is true now, not only what is new: epoll_wait(2). */
START_TEST(an_edge_tells_the_whole_state)
{
    struct pair pair = open_tcp_pair();
    int epoll_fd = watch_edges(pair.ours, ALL_EDGES);
    ck_assert_uint_eq(next_edge(epoll_fd, PATIENCE_MS), EPOLLOUT);

    send_text(pair.peer, "x");
    ck_assert_uint_eq(next_edge(epoll_fd, PATIENCE_MS), EPOLLIN | EPOLLOUT);
}
END_TEST

/* A full socket makes an edge when there is room again: epoll(7). */
START_TEST(a_full_socket_made_writable_makes_an_edge)
{
    struct pair pair = open_tcp_pair();
    int epoll_fd = watch_edges(pair.ours, EPOLLOUT);
    ck_assert_uint_eq(next_edge(epoll_fd, PATIENCE_MS), EPOLLOUT);

    size_t sent = fill(pair.ours, false);
    ck_assert_uint_eq(next_edge(epoll_fd, 20), 0);
    drain(pair.peer, sent);
    ck_assert_uint_eq(next_edge(epoll_fd, PATIENCE_MS), EPOLLOUT);
}
END_TEST

/*
 * A send that was taken in part is enough for that edge to come: EAGAIN need
 * not be seen as well.  This is what one send an event rests on.  epoll(7).
 */
START_TEST(a_partial_send_is_enough_for_the_edge)
{
    struct pair pair = open_tcp_pair();
    int epoll_fd = watch_edges(pair.ours, EPOLLOUT);
    ck_assert_uint_eq(next_edge(epoll_fd, PATIENCE_MS), EPOLLOUT);

    size_t sent = fill(pair.ours, true);
    ck_assert_uint_eq(next_edge(epoll_fd, 20), 0);
    drain(pair.peer, sent);
    ck_assert_uint_eq(next_edge(epoll_fd, PATIENCE_MS), EPOLLOUT);
}
END_TEST

/*
 * A short receive does not prove that nothing is left: data and FIN that came
 * together are one edge, which EPOLLRDHUP gives away.  Who stops at the short
 * receive is never told of the end.
 */
START_TEST(data_and_fin_are_one_edge)
{
    struct pair pair = open_tcp_pair();
    send_text(pair.peer, "last words");
    shutdown(pair.peer, SHUT_WR);
    await_readable(pair.ours);

    int epoll_fd = watch_edges(pair.ours, ALL_EDGES);
    uint32_t events = next_edge(epoll_fd, PATIENCE_MS);
    if (!(events & EPOLLRDHUP)) /* the FIN was still on its way */
        events = next_edge(epoll_fd, PATIENCE_MS);
    ck_assert_uint_eq(events, EPOLLIN | EPOLLOUT | EPOLLRDHUP);

    char bytes[1024];
    ck_assert_int_eq(recv(pair.ours, bytes, sizeof(bytes), 0), 10);
    ck_assert_uint_eq(next_edge(epoll_fd, 20), 0);
    ck_assert_int_eq(recv(pair.ours, bytes, sizeof(bytes), 0), 0);
}
END_TEST

/*
 * Nor does it at the urgent mark, where a receive stops short with bytes left
 * behind it: EPOLLPRI gives that away, and no edge follows.  tcp(7).
 */
START_TEST(a_receive_stopped_at_the_urgent_mark_gets_no_edge)
{
    struct pair pair = open_tcp_pair();
    const int on = 1;
    setsockopt(pair.ours, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on));
    send_text(pair.peer, "abc");
    ck_assert_int_eq(send(pair.peer, "!", 1, MSG_OOB), 1);
    struct pollfd urgent = {.fd = pair.ours, .events = POLLPRI};
    ck_assert_int_eq(poll(&urgent, 1, PATIENCE_MS), 1);

    int epoll_fd = watch_edges(pair.ours, ALL_EDGES);
    ck_assert_uint_eq(next_edge(epoll_fd, 0), EPOLLIN | EPOLLOUT | EPOLLPRI);
    char bytes[8];
    ck_assert_int_eq(recv(pair.ours, bytes, sizeof(bytes), 0), 3);
    ck_assert_uint_eq(next_edge(epoll_fd, 20), 0);
    ck_assert_int_eq(recv(pair.ours, bytes, sizeof(bytes), 0), 1);
}
END_TEST

TCase *edge_claims(void)
{
    TCase *claims = tcase_create("edge-triggered epoll");
    tcase_add_test(claims, edge_triggered_epoll_reports_unread_data_once);
    tcase_add_test(claims, new_data_makes_a_new_edge);
    tcase_add_test(claims, edges_between_two_waits_are_one);
    tcase_add_test(claims, registering_tells_what_is_ready_already);
    tcase_add_test(claims, modifying_tells_the_edge_again);
    tcase_add_test(claims, one_edge_stands_for_many_waiting_clients);
    tcase_add_test(claims, an_edge_tells_the_whole_state);
    tcase_add_test(claims, a_full_socket_made_writable_makes_an_edge);
    tcase_add_test(claims, a_partial_send_is_enough_for_the_edge);
    tcase_add_test(claims, data_and_fin_are_one_edge);
    tcase_add_test(claims, a_receive_stopped_at_the_urgent_mark_gets_no_edge);
    return claims;
}
