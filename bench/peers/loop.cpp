// The peer of compiled code: the loop that a C++ programmer writes around std::priority_queue, with the same random
// generator (xoroshiro128+) and the same order of events (time, then order of scheduling) as ours.
// usage: loop hold <pending> <events> | loop queue <servers> <load> <customers>; prints seconds of CPU time, units and a result.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <queue>
#include <string>
#include <vector>

struct Random {
  uint64_t a = 0x9e3779b97f4a7c15, b = 0xbf58476d1ce4e5b9;
  static uint64_t rotl(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }
  double next() {
    uint64_t out = a + b, c = b ^ a;
    a = rotl(a, 24) ^ c ^ (c << 16);
    b = rotl(c, 37);
    return (out >> 11) * 0x1.0p-53;
  }
  double exponential(double mean) { return -std::log1p(-next()) * mean; }
};

struct Event {
  double time;
  uint64_t order;
  int kind;
  bool operator<(const Event &other) const { return time != other.time ? time > other.time : order > other.order; }
};

struct Simulation {
  std::priority_queue<Event> list;
  uint64_t order = 0;
  double now = 0;
  void after(double delay, int kind) { list.push({now + delay, order++, kind}); }
  int step() {
    Event event = list.top();
    list.pop();
    now = event.time;
    return event.kind;
  }
};

static double hold(long pending, long events) {
  Simulation s;
  Random random;
  std::vector<double> delays(1 << 16);  // drawn beforehand, as in ours
  for (double &delay : delays) delay = random.exponential(1);
  unsigned turn = 0;
  for (long i = 0; i < pending; i++) s.after(delays[turn++ & 0xffff], 0);
  for (long i = 0; i < pending; i++) { s.step(); s.after(delays[turn++ & 0xffff], 0); }
  std::clock_t start = std::clock();
  for (long i = 0; i < events; i++) { s.step(); s.after(delays[turn++ & 0xffff], 0); }
  double seconds = double(std::clock() - start) / CLOCKS_PER_SEC;
  std::printf("%.9f %ld %.6f\n", seconds, events, s.now);
  return seconds;
}

static double queue(int servers, double load, long customers) {
  Simulation s;
  Random arrivals, service;
  service.a ^= 0x94d049bb133111eb;
  std::deque<double> waiting;
  int busy = 0;
  long arrived = 0;
  double waited = 0;
  std::clock_t start = std::clock();
  s.after(arrivals.exponential(1 / (load * servers)), 0);
  while (!s.list.empty()) {
    if (s.step() == 0) {
      if (++arrived < customers) s.after(arrivals.exponential(1 / (load * servers)), 0);
      if (busy < servers) { busy++; s.after(service.exponential(1), 1); }
      else waiting.push_back(s.now);
    } else if (waiting.empty()) busy--;
    else {
      waited += s.now - waiting.front();
      waiting.pop_front();
      s.after(service.exponential(1), 1);
    }
  }
  double seconds = double(std::clock() - start) / CLOCKS_PER_SEC;
  std::printf("%.9f %ld %.6f\n", seconds, customers, waited / customers);
  return seconds;
}

int main(int argc, char **argv) {
  if (argc == 4 && std::string(argv[1]) == "hold") hold(std::atol(argv[2]), std::atol(argv[3]));
  else if (argc == 5 && std::string(argv[1]) == "queue") queue(std::atoi(argv[2]), std::atof(argv[3]), std::atol(argv[4]));
  else return std::fprintf(stderr, "usage: loop hold <pending> <events> | loop queue <servers> <load> <customers>\n"), 2;
}
