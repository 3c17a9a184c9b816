/* SPDX-License-Identifier: MIT */
/*
 * gRPC's asynchronous C++ interface: one completion queue and one thread on either side.
 */
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <grpcpp/grpcpp.h>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench.grpc.pb.h"
extern "C" {
#include "tests/bench/rpc/dossier_sample.h"
#include "tests/bench/rpc/echo.h"
#include "tests/bench/rpc/figures.h"
#include "tests/bench/rpc/require.h"
}

namespace {

using Dossier = cchc::Dossier;
using cchc::bench::Echo;

constexpr auto deadline = std::chrono::seconds(5);
constexpr std::size_t server_calls = 256; /* that wait for a request at a time */

/* gRPC writes endpoints its own way. */
std::string target_of(const std::string &endpoint) {
	return endpoint.rfind("ipc://", 0) == 0 ? "unix:" + endpoint.substr(6) : endpoint.substr(6);
}

std::string read_key(const echo_options &options, const char *name) {
	std::string path = std::string(options.keys) + "/" + name;
	std::ifstream file(path);

	require(file.good(), path.c_str());
	return { std::istreambuf_iterator<char>(file), {} };
}

std::shared_ptr<grpc::ServerCredentials> server_credentials(const echo_options &options) {
	grpc::SslServerCredentialsOptions tls;

	if (!options.keys)
		return grpc::InsecureServerCredentials();
	tls.pem_key_cert_pairs.push_back(
	    { read_key(options, "tls.key"), read_key(options, "tls.certificate") });
	return grpc::SslServerCredentials(tls);
}

std::shared_ptr<grpc::ChannelCredentials> client_credentials(const echo_options &options) {
	grpc::SslCredentialsOptions tls;

	if (!options.keys)
		return grpc::InsecureChannelCredentials();
	tls.pem_root_certs = read_key(options, "tls.certificate");
	return grpc::SslCredentials(tls);
}

/* Waits for a request, answers it, and waits again. */
class ServerCall {
  public:
	ServerCall(Echo::AsyncService &echo, grpc::ServerCompletionQueue &completions)
	    : service(echo), queue(completions) {
		wait();
	}

	void proceed() {
		if (answered)
			return wait();
		answered = true;
		writer->Finish(dossier, grpc::Status::OK, this);
	}

  private:
	void wait() {
		answered = false;
		writer.reset();
		context.emplace();
		writer.emplace(&*context);
		service.RequestEcho(&*context, &dossier, &*writer, &queue, &queue, this);
	}

	Echo::AsyncService &service;
	grpc::ServerCompletionQueue &queue;
	std::optional<grpc::ServerContext> context;
	std::optional<grpc::ServerAsyncResponseWriter<Dossier>> writer;
	Dossier dossier;
	bool answered = false;
};

void serve(const echo_options *options) {
	Echo::AsyncService service;
	grpc::ServerBuilder builder;
	std::vector<std::unique_ptr<ServerCall>> calls;
	void *tag;
	bool went_well;

	builder.AddListeningPort(target_of(options->endpoint), server_credentials(*options));
	builder.RegisterService(&service);
	auto queue = builder.AddCompletionQueue();
	auto server = builder.BuildAndStart();
	require(server != nullptr, options->endpoint);
	for (std::size_t i = 0; i < server_calls; i++)
		calls.push_back(std::make_unique<ServerCall>(service, *queue));
	echo_ready();
	while (queue->Next(&tag, &went_well))
		static_cast<ServerCall *>(tag)->proceed();
}

/* The very dossier of the C programs. */
Dossier sample() {
	::Dossier dossier;
	Dossier copy;

	dossier_sample(&dossier);
	std::vector<std::uint8_t> bytes(dossier__get_packed_size(&dossier));
	dossier__pack(&dossier, bytes.data());
	require(copy.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())), "the dossier");
	return copy;
}

struct ClientCall {
	std::optional<grpc::ClientContext> context;
	std::unique_ptr<grpc::ClientAsyncResponseReader<Dossier>> reader;
	grpc::Status status;
	Dossier reply;
	std::uint64_t sent_ns;
};

void send(
    ClientCall &call, Echo::Stub &stub, const Dossier &request, grpc::CompletionQueue &queue) {
	call.sent_ns = figures_now_ns();
	call.context.emplace();
	call.context->set_deadline(std::chrono::system_clock::now() + deadline);
	call.reader = stub.AsyncEcho(&*call.context, request, &queue);
	call.reader->Finish(&call.reply, &call.status, &call);
}

void call(const echo_options *options, figures *figures) {
	std::vector<ClientCall> calls(options->in_flight);
	grpc::CompletionQueue queue;
	std::size_t total = figures_total(figures);
	std::size_t sent = 0;
	Dossier request = sample();

	auto stub = Echo::NewStub(
	    grpc::CreateChannel(target_of(options->endpoint), client_credentials(*options)));
	for (; sent < calls.size() && sent < total; sent++)
		send(calls[sent], *stub, request, queue);
	for (std::size_t done = 0; done < total; done++) {
		void *tag;
		bool went_well;

		require(queue.Next(&tag, &went_well) && went_well, "a completion");
		auto &answered = *static_cast<ClientCall *>(tag);
		require(answered.status.ok(), answered.status.error_message().c_str());
		figures_add(figures, answered.sent_ns);
		if (sent++ < total)
			send(answered, *stub, request, queue);
	}
}

} // namespace

int main(int argc, char **argv) {
	static const echo_program program = { "grpc", "tls", serve, call };

	return echo_main(&program, argc, argv);
}
