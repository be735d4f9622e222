//! A teacher's wall of small pictures.

use crate::content::Video;
use crate::world::{LAYERS, World, id, routes};
use std::time::Duration;
use tongtang_protocol::control::Routes;
use tongtang_protocol::lesson::{Source, VideoCodec};

const CLASSROOMS: usize = 12;

/// `t` and an observer see everybody on their walls.
fn world(seed: u64) -> (World, [usize; 2]) {
    let mut world = World::new(seed, VideoCodec::Vp8);
    let names: Vec<String> = (0..CLASSROOMS).map(|n| format!("c{n}")).collect();
    for name in &names {
        world.publish(name, Video::Vp8, &LAYERS, &[Source::Camera]);
    }
    let slots: Vec<String> = (0..CLASSROOMS).map(|n| format!("wall{n}")).collect();
    let slots: Vec<&str> = slots.iter().map(String::as_str).collect();
    let walls = [world.subscribe("t", &slots), world.subscribe("o", &slots)];
    let wall = names.iter().map(|name| id(name)).collect();
    world.set_routes(&Routes { wall, ..routes() });
    world.run_for(Duration::from_secs(3));
    (world, walls)
}

#[test]
fn every_small_picture_plays_whole_and_they_leave_as_a_few_runs() {
    let (mut world, walls) = world(1);
    (world.runs, world.datagrams) = (0, 0);
    world.run_for(Duration::from_secs(4));
    let (runs, datagrams) = (world.runs, world.datagrams);
    for wall in walls {
        for slot in world.receiver(wall).slots.values() {
            slot.check();
            assert!(slot.is_complete() && slot.frames() > 40);
            assert!(slot.played.iter().all(|played| played.content.layer == 0), "small layers only");
        }
    }
    assert!(runs * 2 < datagrams, "{runs} runs of {datagrams} datagrams");
}

#[test]
fn what_a_lossy_link_takes_of_a_wall_is_sent_again() {
    let (mut world, walls) = world(2);
    world.loss_down_percent = 5;
    world.run_for(Duration::from_secs(5));
    world.loss_down_percent = 0;
    world.run_for(Duration::from_secs(1));
    for slot in world.receiver(walls[0]).slots.values() {
        slot.check();
        assert!(slot.is_complete(), "every packet came in the end");
    }
    assert_eq!(world.counter("egress_dropped_packets"), 0);
}

#[test]
fn a_wall_slot_that_shows_somebody_else_gets_no_packet_of_the_one_before() {
    let (mut world, walls) = world(3);
    for step in 0..10usize {
        let wall = (0..CLASSROOMS).map(|n| id(&format!("c{}", (n + step) % CLASSROOMS))).collect();
        world.set_routes(&Routes { wall, ..routes() });
        world.run_for(Duration::from_millis(700));
    }
    for slot in world.receiver(walls[1]).slots.values() {
        slot.check();
        assert!(slot.is_complete() && slot.switches() >= 9, "{}", slot.switches());
    }
    assert_eq!(world.counter("egress_dropped_packets"), 0);
}
